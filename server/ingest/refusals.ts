/*
 * refusals: every entry that was not accepted, counted by reason, the last few kept with where and why.
 * In: errors with the topic and cursor they belong to. Out: exact counters, a bounded list, the first of each kind.
 * Invariant: counters are exact and their keys are catalogue codes only; texts are bounded and never carry the payload.
 * Source: docs/architecture.md "every loss is counted".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RefusalSample } from './ingestMessages.ts'

const KEPT = 50

export interface Refusals {
  /** Counts one; returns its sample when it is the first of its code. Never throws. */
  add(error: unknown, topic: string, cursor: string): RefusalSample | null
  total(): number
  byReason(): Readonly<Record<string, number>>
  recent(): readonly RefusalSample[]
}

const text = (value: unknown, max: number): string =>
  String(value)
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '�')
    .slice(0, max)

/** Creates an empty list. */
export function createRefusals(clock: Clock): Refusals {
  const counts = new Map<string, number>()
  const samples: RefusalSample[] = []
  let total = 0
  return {
    add(error, topic, cursor) {
      const known = isAppError(error)
      const code = known ? error.code : 'INTERNAL'
      const before = counts.get(code) ?? 0
      counts.set(code, before + 1)
      total++
      const path = known ? error.context['path'] : undefined
      const sample: RefusalSample = {
        code,
        path: typeof path === 'string' ? text(path, 128) : null,
        topic: text(topic, 256),
        cursor: text(cursor, 64),
        text: text(error instanceof Error ? error.message : error, 300),
        atMs: clock.wallMs(),
      }
      samples.push(sample)
      if (samples.length > KEPT) samples.shift()
      return before === 0 ? sample : null
    },
    total: () => total,
    byReason: () => Object.fromEntries(counts),
    recent: () => samples.slice().reverse(),
  }
}
