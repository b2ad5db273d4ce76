/*
 * commonValues: what every command carries beside its targets, as it was typed, and the part of a draft it makes.
 * In: texts of a form. Out: values with their units, or what of them can not be read.
 * Invariant: a value that can not be read never becomes part of a draft: a draft without what was typed would be another one.
 * Source: docs/commands.md "what can be asked".
 */
export interface CommonValues {
  readonly reason: string
  readonly timeoutS: number
  readonly priority: 'low' | 'normal' | 'high'
  readonly effect: { readonly metric: string; readonly delta: string; readonly withinS: string } | null
  readonly force: boolean
}

export const NO_COMMON: CommonValues = Object.freeze({
  reason: '',
  timeoutS: 5,
  priority: 'normal',
  effect: null,
  force: false,
})

const readDelta = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.')))
const readWithin = (text: string): number => (/^\d{1,4}$/.test(text.trim()) ? Number(text.trim()) : Number.NaN)

/** What of the expected effect can not be read, in words; empty texts when all can. */
export function effectProblems(effect: CommonValues['effect']): { readonly delta: string; readonly within: string } {
  if (effect === null) return { delta: '', within: '' }
  const within = readWithin(effect.withinS)
  return {
    delta: Number.isFinite(readDelta(effect.delta))
      ? ''
      : 'Say the change as a number, such as +0.05, or choose “none said”.',
    within: within >= 5 && within <= 3_600 ? '' : 'Say whole seconds, 5 to 3600.',
  }
}

/** Makes the part of a draft; null when something typed can not be read. */
export function toCommon(values: CommonValues) {
  const { effect } = values
  const problems = effectProblems(effect)
  if (problems.delta !== '' || problems.within !== '') return null
  return {
    reason: values.reason.trim(),
    timeout_ms: values.timeoutS * 1_000,
    ttl_ms: values.timeoutS * 1_000,
    priority: values.priority,
    ...(values.force ? { force: true } : {}),
    ...(effect === null
      ? {}
      : {
          expected_effect: {
            metric: effect.metric,
            delta: readDelta(effect.delta),
            within_s: readWithin(effect.withinS),
          },
        }),
  }
}
