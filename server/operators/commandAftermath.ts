/*
 * commandAftermath: what follows from a command by itself: its end in the audit trail, its share of the budget, the grade of its effect.
 * In: changes of the book. Out: audit entries, spent budget, verdicts.
 * Invariant: every end is audited, once; a grade is only given when its time has come, also when the server ended in between; what was
 * not read at its time is not graded by a later reading.
 * Source: docs/commands.md "outcome", "did it help".
 */
import type { ExpectedEffect } from '../../lib/contracts/commandDraft.ts'
import type { CommandStage } from '../../lib/contracts/commandStates.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { SYSTEM_ACTOR, type AuditDraft } from '../audit/auditDraft.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { BudgetBook } from './blastBudget.ts'
import type { CommandBook } from './commandBook.ts'
import { gradeEffect } from './effectGrade.ts'
import type { NetworkView } from './networkView.ts'
import type { StoredCommand } from './storedCommand.ts'

export interface AftermathOptions {
  readonly book: CommandBook
  readonly clock: Clock
  readonly network: NetworkView
  readonly budget: BudgetBook
  readonly audit: AuditLog
  readonly onProblem: (text: string) => void
}

const RETRY_MS = 1_000

/** Seeds a command touches, by layer. */
export function touchedSeeds(command: StoredCommand): readonly number[] {
  if (command.seedId !== null) return [command.seedId]
  const parts = command.body['commands']
  return command.type === 'BatchCommand' && Array.isArray(parts)
    ? (parts as { readonly seed_id: number }[]).map((part) => part.seed_id)
    : []
}

/** How the trail calls an end. */
function auditedOutcome({ state }: StoredCommand): AuditDraft['outcome'] {
  if (state === 'APPLIED' || state === 'APPLIED_LATE' || state === 'DUPLICATE') return 'done'
  if (state === 'REJECTED') return 'denied'
  return state === 'UNKNOWN' ? 'unknown' : 'failed'
}

const has = (command: StoredCommand, stage: CommandStage['stage']): boolean =>
  command.stages.some((known) => known.stage === stage)

export interface Aftermath {
  /** Takes up what a run before this one had still to grade. */
  adopt(commands: readonly StoredCommand[]): void
  stop(): void
}

/** A reading this much later than said is still the one that was meant. */
const LATE_RATIO = 0.1
const LATE_MS = 5_000

/** Listens until it is stopped. */
export function watchAftermath(options: AftermathOptions): Aftermath {
  const { book, clock, network, budget, audit } = options
  const timers = new Map<string, () => void>()
  let stopped = false

  /** The trail may be away for a moment; an end is not lost for that. */
  const write = async (draft: AuditDraft): Promise<void> => {
    for (let failures = 0; ; failures++) {
      try {
        await audit.append(draft)
        return
      } catch (error) {
        if (failures === 0) options.onProblem(`an outcome could not be audited yet: ${(error as Error).message}`)
        if (stopped) return
        await clock.sleep(RETRY_MS)
      }
    }
  }

  const tellEnd = (command: StoredCommand): void =>
    void write({
      actor: SYSTEM_ACTOR,
      action: 'command.outcome',
      object: { type: command.type, id: command.id },
      outcome: auditedOutcome(command),
      params: { state: command.state, text: command.outcome?.text ?? '', attempts: command.attempts },
      result: { state: command.state, outcome: command.outcome },
      errorCode: command.outcome?.code ?? null,
      commandId: command.id,
      correlationId: command.correlationId,
    })

  /** `untilMs`: monotonic; a network that is not known yet, as after a start, is asked again until then. */
  const grade = (id: string, untilMs: number): void => {
    const command = book.get(id)
    if (command === null || command.effect === null || command.seedId === null || command.layerId === null) return
    const { effect, basis, seedId, layerId } = command
    try {
      const layer = network.layer(layerId, command.runId ?? undefined)
      const siblings = layer.mean(effect.metric, new Set([...budget.touched(layerId), seedId]))
      const verdict = gradeEffect(
        effect,
        {
          before: basis?.value ?? null,
          after: layer.metric(effect.metric, seedId),
          siblingsBefore: basis?.siblings ?? null,
          siblingsAfter: siblings.value,
          siblings: siblings.seeds,
        },
        clock.wallMs(),
      )
      book.change(id, (known) => ({ ...known, verdict }))
    } catch (error) {
      if (clock.monotonicMs() < untilMs) return gradeAt(id, clock.monotonicMs() + RETRY_MS, untilMs)
      options.onProblem(`the effect of ${id} could not be graded: ${(error as Error).message}`)
      giveUp(id, `could not be read: ${(error as Error).message}`)
    }
  }

  const gradeAt = (id: string, atMs: number, untilMs: number): void => {
    timers.get(id)?.()
    timers.set(
      id,
      clock.after(Math.max(0, atMs - clock.monotonicMs()), () => {
        timers.delete(id)
        grade(id, untilMs)
      }),
    )
  }
  const lateMsOf = ({ within_s }: ExpectedEffect): number => Math.max(LATE_MS, within_s * 1_000 * LATE_RATIO)
  const gradeIn = (id: string, effect: ExpectedEffect, ms: number): void => {
    const atMs = clock.monotonicMs() + ms
    gradeAt(id, atMs, atMs + lateMsOf(effect))
  }

  /** The moment was missed: another reading would be the effect of something else. */
  const giveUp = (id: string, why: string): void =>
    void book.change(id, (known) =>
      known.verdict === null
        ? known
        : {
            ...known,
            verdict: {
              ...known.verdict,
              grade: 'unmeasured',
              text: `${known.verdict.metric} ${why}`,
              at: new Date(clock.wallMs()).toISOString(),
            },
          },
    )

  /** Says that the grade is still to come. */
  const tellWaiting = (id: string, effect: ExpectedEffect): void =>
    void book.change(id, (known) => ({
      ...known,
      verdict: {
        grade: 'too early',
        text: `graded ${effect.within_s} s after it was applied`,
        metric: effect.metric,
        expected_delta: effect.delta,
        before: known.basis?.value ?? null,
        after: null,
        siblings_before: known.basis?.siblings ?? null,
        siblings_after: null,
        siblings: 0,
        at: null,
      },
    }))

  const adopt = (command: StoredCommand): void => {
    const { id, effect, stages } = command
    const applied = stages.findLast(({ stage }) => stage === 'applied' || stage === 'applied late')
    if (effect === null || applied === undefined) return
    const leftMs = applied.atMs + effect.within_s * 1_000 - clock.wallMs()
    if (command.verdict === null) tellWaiting(id, effect)
    if (leftMs < -lateMsOf(effect)) giveUp(id, 'was not read: the server was away when its time came')
    else gradeIn(id, effect, Math.max(0, leftMs))
  }

  const watchEffect = ({ effect, id }: StoredCommand): void => {
    if (effect === null) return
    tellWaiting(id, effect)
    gradeIn(id, effect, effect.within_s * 1_000)
  }

  const undo = book.onChange((command, before) => {
    if (command.state === before?.state) return
    if (command.state === 'ISSUED' && command.layerId !== null && !has(before ?? command, 'retried'))
      budget.spend(command.layerId, touchedSeeds(command))
    if (isFinalState(command.state) || command.state === 'UNKNOWN') tellEnd(command)
    if (command.state === 'APPLIED' || command.state === 'APPLIED_LATE') watchEffect(command)
  })
  return {
    adopt(commands) {
      book.load(commands)
      for (const command of commands) adopt(command)
    },
    stop() {
      stopped = true
      undo()
      for (const cancel of timers.values()) cancel()
    },
  }
}
