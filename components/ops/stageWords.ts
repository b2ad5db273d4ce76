/*
 * stageWords: states and stages of a command in an operator's words, with their tone and shape.
 * In: a record or a state. Out: words, tones, the dots of a stage bar.
 * Invariant: unknown is amber and never called failed; tone is never the only difference.
 * Source: docs/commands.md "states"; docs/ux.md "composer".
 */
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import type { CommandState } from '../../lib/contracts/commandStates.ts'

export type Tone = 'plain' | 'ok' | 'warn' | 'crit'

const WORDS: Readonly<Record<CommandState, readonly [string, Tone]>> = {
  DRAFTED: ['drafted', 'plain'],
  VALIDATED: ['validated', 'plain'],
  AWAIT_APPROVAL: ['waits for a second person', 'warn'],
  APPROVED: ['approved', 'plain'],
  HELD: ['held, can still be cancelled', 'plain'],
  ISSUED: ['sent', 'plain'],
  DELIVERED: ['received', 'plain'],
  STARTED: ['running', 'plain'],
  APPLIED: ['applied', 'ok'],
  FAILED: ['failed', 'crit'],
  REJECTED: ['refused', 'crit'],
  EXPIRED: ['expired, not applied', 'warn'],
  CANCELLED: ['cancelled, not sent', 'plain'],
  SUPERSEDED: ['overtaken, not applied', 'warn'],
  DUPLICATE: ['duplicate, the first counts', 'plain'],
  UNKNOWN: ['unknown: may have been applied', 'warn'],
  APPLIED_LATE: ['applied late', 'warn'],
  NOT_APPLIED: ['not applied', 'warn'],
}

/** Says a state in words. */
export const stateWords = (state: CommandState): string => WORDS[state][0]
/** Gives the tone of a state. */
export const stateTone = (state: CommandState): Tone => WORDS[state][1]

export interface StageDot {
  readonly name: string
  readonly kind: 'done' | 'now' | 'next' | 'bad' | 'unknown'
  readonly at: string | null
  readonly afterMs: number | null
  readonly by: string
  readonly text: string
}

/** What is still to come on the ordinary way, after the stages that were. */
const WAY = ['drafted', 'validated', 'held', 'sent', 'received', 'started', 'applied', 'verified'] as const
const BAD: ReadonlySet<string> = new Set(['failed', 'rejected', 'expired', 'superseded', 'not applied'])

/** Lists the dots of a stage bar: what was, where it stands, and what is still to come; nothing to come once it is over. */
export function stageDots(record: Pick<CommandRecord, 'stages' | 'final' | 'state'>): readonly StageDot[] {
  const last = record.stages.length - 1
  const done = record.stages.map((stage, index): StageDot => ({
    name: stage.stage,
    kind: BAD.has(stage.stage)
      ? 'bad'
      : stage.stage === 'unknown'
        ? 'unknown'
        : index === last && !record.final
          ? 'now'
          : 'done',
    at: stage.at,
    afterMs: stage.after_ms,
    by: stage.by,
    text: stage.text ?? '',
  }))
  if (record.final || record.state === 'UNKNOWN') return done
  const reached = Math.max(-1, ...record.stages.map((stage) => WAY.indexOf(stage.stage as (typeof WAY)[number])))
  const open = WAY.slice(reached + 1).filter((name) => name !== 'held' && name !== 'drafted' && name !== 'validated')
  return [...done, ...open.map((name): StageDot => ({ name, kind: 'next', at: null, afterMs: null, by: '', text: '' }))]
}
