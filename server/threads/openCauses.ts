/*
 * openCauses: everything about what led to what, put together: the index, who writes into it, who it listens to.
 * In: the records database, runs, commands, the audit trail. Out: the index; what the ingest and the alerts tell it.
 * Invariant: it only wires; nothing it does can hold up or fail whoever tells it something.
 * Source: docs/protocol.md "threads".
 */
import type { Kysely } from 'kysely'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AlertEngine } from '../alerts/alertEngine.ts'
import type { CommandBook } from '../operators/commandBook.ts'
import type { RunBook } from '../state/runBook.ts'
import type { RecordsSchema } from '../stores/recordsSchema.ts'
import { nodesOfAlarm } from './alertNodes.ts'
import { nodeOfAct } from './auditNodes.ts'
import type { WatchedAudit } from './auditWatch.ts'
import { createHealthReader } from './healthReader.ts'
import { openThreadIndex, type ThreadIndex } from './threadIndex.ts'
import { createThreadRecorder, type ThreadRecorder } from './threadRecorder.ts'

export interface CausesOptions {
  readonly db: Kysely<RecordsSchema>
  readonly clock: Clock
  readonly runs: RunBook
  readonly book: CommandBook
  readonly trail: Pick<WatchedAudit, 'listen'>
  readonly onProblem: (text: string) => void
}

export interface Causes extends Pick<ThreadRecorder, 'records' | 'notes' | 'gap'> {
  readonly index: ThreadIndex
  watchAlerts(engine: Pick<AlertEngine, 'onChange'>): void
  stop(): Promise<void>
}

/** Opens the index and listens from now on. Never throws. */
export async function openCauses({ db, clock, runs, book, trail, onProblem }: CausesOptions): Promise<Causes> {
  const index = await openThreadIndex({ db, clock, onProblem })
  const recorder = createThreadRecorder({ index, clock, runs, book, health: createHealthReader(runs) })
  const undo = [book.onChange((command, before) => recorder.command(command, before))]
  trail.listen((draft, { seq }) => {
    const node = nodeOfAct(draft, seq, clock.wallMs())
    if (node !== null) recorder.add([node])
  })
  return {
    index,
    records: recorder.records,
    notes: recorder.notes,
    gap: recorder.gap,
    watchAlerts(engine) {
      undo.push(engine.onChange((alarm, events) => recorder.add(nodesOfAlarm(alarm, events))))
    },
    async stop() {
      for (const cancel of undo) cancel()
      recorder.stop()
      await index.stop()
    },
  }
}
