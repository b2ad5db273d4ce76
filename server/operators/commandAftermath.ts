/*
 * commandAftermath: what follows from a command by itself: its end in the audit trail, its share of the budget, the grade of its effect.
 * In: changes of the book. Out: audit entries, spent budget, verdicts.
 * Invariant: every end is audited, once; a grade is only given when its time has come.
 * Source: docs/commands.md "outcome", "did it help".
 */
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

/** Listens until the returned undo. */
export function watchAftermath(options: AftermathOptions): () => void {
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
      result: { state: command.state, outcome: command.outcome },
      errorCode: command.outcome?.code ?? null,
      commandId: command.id,
      correlationId: command.correlationId,
    })

  const grade = (id: string): void => {
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
      options.onProblem(`the effect of ${id} could not be graded: ${(error as Error).message}`)
    }
  }

  const watchEffect = (command: StoredCommand): void => {
    const { effect, id } = command
    if (effect === null) return
    book.change(id, (known) => ({
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
    timers.set(
      id,
      clock.after(effect.within_s * 1_000, () => {
        timers.delete(id)
        grade(id)
      }),
    )
  }

  const undo = book.onChange((command, before) => {
    if (command.state === before?.state) return
    if (command.state === 'ISSUED' && command.layerId !== null && !has(before ?? command, 'retried'))
      budget.spend(command.layerId, touchedSeeds(command))
    if (isFinalState(command.state) || command.state === 'UNKNOWN') tellEnd(command)
    if (command.state === 'APPLIED' || command.state === 'APPLIED_LATE') watchEffect(command)
  })
  return () => {
    stopped = true
    undo()
    for (const cancel of timers.values()) cancel()
  }
}
