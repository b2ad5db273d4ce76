/*
 * ruleDraft: a rule as it is edited: text in fields, its conditions in words, what is wrong with it before it is sent.
 * In: rules of the API, typed text. Out: form values, drafts, sentences.
 * Invariant: nothing is corrected silently: what is no number or out of bounds is named with what is accepted; a field left empty
 * takes the detector's default, and says so.
 * Source: docs/alerts.md "rules"; features D1.
 */
import type { AlertRule, RuleDraft } from '../../lib/contracts/alerts.ts'
import {
  DETECTORS,
  type DetectorEntry,
  type DetectorName,
  type DetectorParameter,
} from '../../lib/contracts/alertDetectors.ts'
import { formatAge, formatCount, formatNumber } from '../../lib/live/formatValue.ts'

export const detectorOf = (name: DetectorName): DetectorEntry => DETECTORS[name]

/** A rule as a person writes it, without what the server adds. */
export function draftOf(rule: AlertRule | RuleDraft): RuleDraft {
  const {
    id,
    title,
    detector,
    metric,
    params,
    severity,
    enabled,
    latched,
    group_by,
    reraise_s,
    flap,
    notify,
    escalation,
    runbook,
    note,
  } = rule
  return {
    id,
    title,
    detector,
    metric,
    params: { ...params },
    severity,
    enabled,
    latched,
    group_by,
    reraise_s,
    flap: { ...flap },
    notify,
    escalation: escalation.map((step) => ({ ...step })),
    runbook,
    note,
  }
}

export const NEW_RULE: RuleDraft = Object.freeze({
  id: '',
  title: '',
  detector: 'metric',
  metric: '',
  params: {},
  severity: 'warning',
  enabled: true,
  latched: false,
  group_by: 'layer',
  reraise_s: 14_400,
  flap: { count: 3, window_s: 600, quiet_s: 60 },
  notify: true,
  escalation: [],
  runbook: '',
  note: '',
})

/** Equal drafts have equal text, whatever the order of their parameters. */
export function draftText(draft: RuleDraft): string {
  const params = Object.fromEntries(Object.entries(draft.params).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify({ ...draftOf(draft), params }, null, 2)
}

/** What decides when it fires: a back-test of one draft holds for another with the same. */
export function judgedText(draft: RuleDraft): string {
  return JSON.stringify([
    draft.detector,
    draft.metric,
    Object.entries(draft.params).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    draft.flap,
    draft.severity,
  ])
}

const valueOf = (draft: RuleDraft, parameter: DetectorParameter): number =>
  draft.params[parameter.name] ?? parameter.default

const numberText = (value: number): string => (Number.isInteger(value) ? formatCount(value) : formatNumber(value))

const words = (draft: RuleDraft, parameters: readonly DetectorParameter[]): string =>
  parameters
    .map((one) => `${one.label} ${numberText(valueOf(draft, one))}${one.unit === '0 or 1' ? '' : ` ${one.unit}`}`)
    .join(', ')

/** Names a parameter so that it can be told from the others of its detector: two are called "for". */
export function parameterLabel({ name, label, unit }: DetectorParameter): string {
  const whole = name.startsWith('clear') && !label.startsWith('clear') ? `clear: ${label}` : label
  return unit === '' ? whole : `${whole}, ${unit}`
}

export interface Conditions {
  readonly raise: string
  readonly clear: string
}

/** Says in words when it raises and when it clears. */
export function conditionsOf(draft: RuleDraft): Conditions {
  const detector = detectorOf(draft.detector)
  const ends = detector.parameters.filter((one) => one.name.startsWith('clear'))
  const begins = detector.parameters.filter((one) => !one.name.startsWith('clear'))
  const subject = draft.metric === null || draft.metric === '' ? detector.looksAt : draft.metric
  const raise = begins.length === 0 ? `at every such event in ${subject}` : `${subject}: ${words(draft, begins)}`
  const clear = draft.latched
    ? 'by a person only'
    : detector.event
      ? 'by being acknowledged'
      : ends.length === 0
        ? 'when it is no longer so'
        : words(draft, ends)
  return { raise, clear }
}

/** How its alerts are gathered and asked again, in words. */
export function handlingWords(draft: RuleDraft): string {
  return [
    `one group per ${draft.group_by}`,
    draft.reraise_s === 0 ? 'never asks again' : `asks again after ${formatAge(draft.reraise_s * 1_000)} if still so`,
    `flapping from ${draft.flap.count} in ${formatAge(draft.flap.window_s * 1_000)}`,
    draft.notify ? 'channels are told' : 'channels are not told',
  ].join('; ')
}

const RULE_ID = /^[a-z][a-z0-9_]{0,63}$/

/** Everything that is wrong, in words; empty when it can be sent. */
export function draftProblems(draft: RuleDraft): readonly string[] {
  const detector = detectorOf(draft.detector)
  const found: string[] = []
  if (!RULE_ID.test(draft.id)) found.push('Id: a to z, 0 to 9 and _, beginning with a letter, at most 64.')
  if (draft.title.trim() === '') found.push('Title: what the alert is called; it is missing.')
  if (detector.takesMetric && (draft.metric ?? '') === '') found.push('Metric: this detector needs one.')
  for (const one of detector.parameters) {
    const value = valueOf(draft, one)
    if (!Number.isFinite(value)) found.push(`"${one.label}" is not a number.`)
    else if (value < one.min || value > one.max)
      found.push(`"${one.label}" is ${value}; accepted is ${one.min} to ${one.max} ${one.unit}.`)
  }
  const whole = (name: string, value: number, min: number, max: number): void => {
    if (!Number.isInteger(value) || value < min || value > max)
      found.push(`"${name}" is ${Number.isNaN(value) ? 'not a number' : value}; accepted is ${min} to ${max}.`)
  }
  whole('asks again after, s', draft.reraise_s, 0, 604_800)
  whole('flaps', draft.flap.count, 2, 100)
  whole('flap window, s', draft.flap.window_s, 10, 86_400)
  whole('quiet for, s', draft.flap.quiet_s, 1, 86_400)
  for (const [index, step] of draft.escalation.entries()) whole(`step ${index + 1}, s`, step.after_s, 10, 604_800)
  return found
}

/** Changes the detector and keeps of the parameters what the new one has too. */
export function withDetector(draft: RuleDraft, name: DetectorName): RuleDraft {
  const detector = detectorOf(name)
  const params = Object.fromEntries(detector.parameters.map((one) => [one.name, draft.params[one.name] ?? one.default]))
  return { ...draft, detector: name, params, metric: detector.takesMetric ? (draft.metric ?? '') : null }
}

export type Parsed = { readonly ok: true; readonly draft: RuleDraft } | { readonly ok: false; readonly problem: string }

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads a rule written as JSON; what it leaves out is as it is in `base`. */
export function parseDraft(text: string, base: RuleDraft): Parsed {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (error) {
    return { ok: false, problem: `This is not JSON: ${error instanceof Error ? error.message : 'unreadable'}` }
  }
  if (!isObject(read)) return { ok: false, problem: 'A rule is an object: { "id": …, "detector": … }.' }
  const known = new Set([...Object.keys(NEW_RULE), 'version', 'shipped', 'protected', 'saved_at', 'saved_by', 'change'])
  const strange = Object.keys(read).filter((key) => !known.has(key))
  if (strange.length > 0)
    return {
      ok: false,
      problem: `Not a field of a rule: ${strange.join(', ')}. It has: ${Object.keys(NEW_RULE).join(', ')}.`,
    }
  const merged = { ...draftOf(base), ...read } as RuleDraft
  if (!Object.hasOwn(DETECTORS, merged.detector))
    return {
      ok: false,
      problem: `No detector named ${String(merged.detector)}. There are: ${Object.keys(DETECTORS).join(', ')}.`,
    }
  if (!isObject(merged.params) || !isObject(merged.flap) || !Array.isArray(merged.escalation))
    return { ok: false, problem: 'params and flap are objects, escalation is a list.' }
  const extra = Object.keys(merged.params).filter(
    (name) => !detectorOf(merged.detector).parameters.some((one) => one.name === name),
  )
  if (extra.length > 0) return { ok: false, problem: `No parameter of ${merged.detector}: ${extra.join(', ')}.` }
  return { ok: true, draft: draftOf(merged) }
}
