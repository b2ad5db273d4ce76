/*
 * stopAftermath: what a stop does beside stopping: queued commands in its scope end, the stop itself is kept among the commands.
 * In: the book, runs over many, a scope. Out: what was cancelled; a record of the stop.
 * Invariant: only what has not left the server is cancelled here; what was sent is refused by the layers through their stop epoch.
 * Source: docs/commands.md "emergency stop".
 */
import { hashValue } from '../../lib/audit/entry.ts'
import { isCancellable } from '../../lib/contracts/commandStateTable.ts'
import type { BulkRuns } from './bulkRuns.ts'
import { SERVER, type Operator } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import type { KnownStop } from './stopMatrix.ts'
import type { StoredCommand } from './storedCommand.ts'

/** Layers a command would touch; empty: it is about no layer in particular. */
const layersOf = (command: StoredCommand): readonly string[] =>
  command.layerId !== null ? [command.layerId] : [...new Set(command.bulk?.list.map(({ layerId }) => layerId) ?? [])]

/** Ends everything in scope that was not sent. */
export function cancelQueued(
  book: CommandBook,
  bulk: Pick<BulkRuns, 'stopAll'>,
  inScope: (layerId: string) => boolean,
  by: string,
): readonly StoredCommand[] {
  const text = `an emergency stop by ${by} came first`
  const runs = bulk.stopAll(inScope, by, text)
  const queued = book.open().flatMap((command) => {
    // What lifts a stop is not ended by it: its own checklist decides.
    if (!isCancellable(command.state) || command.type === 'Resume' || command.type === 'EmergencyStopCommand') return []
    const layers = layersOf(command)
    if (layers.length > 0 && !layers.some(inScope)) return []
    return (
      book.move(command.id, {
        state: 'CANCELLED',
        stage: 'cancelled',
        by,
        text,
        outcome: { kind: 'cancelled', text },
      }) ?? []
    )
  })
  return [...runs, ...queued]
}

/** Keeps the stop among the commands, so that lists and histories show it. */
export async function keepStop(book: CommandBook, stop: KnownStop, caller: Operator): Promise<void> {
  const { id, scope, reason, atMs } = stop
  const body = { type: 'EmergencyStopCommand', scope }
  await book.create(
    {
      id,
      type: 'EmergencyStopCommand',
      state: 'ISSUED',
      stages: [
        { stage: 'drafted', atMs, by: caller.actor },
        { stage: 'issued', atMs, by: SERVER },
      ],
      outcome: null,
      hash: hashValue(body),
      level: 0,
      raised: [],
      actor: caller.actor,
      session: caller.session,
      via: caller.via,
      reason,
      runId: null,
      layerId: scope !== 'all' && scope.length === 1 ? scope[0]! : null,
      seedId: null,
      targetState: null,
      body,
      text: scope === 'all' ? 'emergency stop of all layers' : `emergency stop of ${scope.join(', ').slice(0, 400)}`,
      createdMs: atMs,
      updatedMs: atMs,
      heldUntilMs: null,
      deadlineMs: null,
      graceMs: 0,
      approvals: [],
      approval: null,
      attempts: 1,
      key: id,
      correlationId: id,
      parentId: null,
      children: 0,
      effect: null,
      basis: null,
      verdict: null,
      bulk: null,
      auditSeq: stop.auditSeq,
      inverse: { text: 'resume, by two persons', target_state: null },
      timeoutMs: 60_000,
      ttlMs: 60_000,
      priority: 'high',
    },
    null,
  )
}

/** Ends the record of a stop when every layer stands still. */
export function tellStopEnd(book: CommandBook, stop: KnownStop): void {
  const { state, id } = stop
  if (state === null || state.missing > 0 || state.layers.length === 0) return
  const text = `${state.applied} layers stand still${state.worst_ms === null ? '' : `, slowest ${state.worst_ms.toFixed(1)} ms`}`
  if (book.get(id)?.type !== 'EmergencyStopCommand') return
  book.move(id, { state: 'APPLIED', stage: 'applied', by: 'gateway', text, outcome: { kind: 'applied', text } })
}
