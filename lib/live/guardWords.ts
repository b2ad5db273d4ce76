/*
 * Guard words: what a lifecycle check read, as people say it: "2 of 3 slots growing", "shadow gain 0.0061, needs 0.002".
 * In: a guard reading of a transition. Out: a short text; the field's own name, spelled out, where no words are known.
 * Invariant: an unmeasured value is said to be unmeasured; a failed check always says so.
 * Source: seed-design.md 2.1; docs/messages.md "transitions".
 */
import type { GuardReading } from '../contracts/liveRecords.ts'
import { formatCount, formatLoss, formatNumber } from './formatValue.ts'

/** Small figures keep two digits that count; zeros at the end go. */
const plain = (value: number): string => {
  const size = Math.abs(value)
  if (size >= 0.001 && size < 0.1) return String(Number(value.toPrecision(2)))
  return formatNumber(value)
    .replace(/(\.\d*?)0+(?=$|e)/, '$1')
    .replace(/\.(?=$|e)/, '')
}
const points = (value: number): string => `${(value * 100).toFixed(2)} pp`

type Say = (value: string, threshold: string | null) => string
interface Words {
  readonly figure: (value: number) => string
  readonly say: Say
}

const needs =
  (name: string): Say =>
  (value, threshold) =>
    `${name} ${value}${threshold === null ? '' : `, needs ${threshold}`}`

const WORDS: Readonly<Record<string, Words>> = {
  active_seeds: {
    figure: formatCount,
    say: (value, threshold) =>
      threshold === null ? `${value} seeds growing` : `${value} of ${threshold} slots were in use`,
  },
  ticks_in_state: {
    figure: formatCount,
    say: (value, threshold) => `${value} ticks in its state${threshold === null ? '' : `, at least ${threshold}`}`,
  },
  shadow_gain: { figure: plain, say: needs('shadow gain') },
  alpha: { figure: plain, say: needs('blended in to') },
  performance_delta: { figure: points, say: needs('contribution') },
  contribution: { figure: points, say: needs('contribution') },
  stability: { figure: plain, say: needs('stability') },
  stability_score: { figure: plain, say: needs('stability') },
  reconstruction_loss: {
    figure: (value) => (value >= 0.001 ? plain(value) : formatLoss(value)),
    say: (value, threshold) => `reconstruction loss ${value}${threshold === null ? '' : `, at most ${threshold}`}`,
  },
  module_weight_norm: { figure: plain, say: (value) => `module weights finite, norm ${value}` },
  baseline_val_loss: { figure: plain, say: (value) => `host validation loss ${value} as baseline` },
}

/** Says what the check read and needed; empty without a reading. Never throws. */
export function guardText(guard: GuardReading | null): string {
  if (!guard) return ''
  const failed = guard.passed ? '' : ', not passed'
  if (guard.name === 'halted') return guard.passed ? 'not halted' : 'the layer is halted'
  if (guard.name === 'non_finite') return 'a value was not finite'
  const words = WORDS[guard.name] ?? { figure: plain, say: needs(guard.name.replaceAll('_', ' ')) }
  if (guard.value === null) return `${guard.name.replaceAll('_', ' ')} unmeasured${failed}`
  return `${words.say(words.figure(guard.value), guard.threshold === null ? null : words.figure(guard.threshold))}${failed}`
}
