/*
 * apiReplay: the answers about the recorded past: state, frames, events, flow, coverage, and a window as a file to take away.
 * In: queries that were already validated. Out: plain data or bytes in the shapes of lib/contracts/httpReplay.ts.
 * Invariant: all work is done in the reader's thread; what leaves the installation as a file is in the audit trail before it leaves.
 * Source: docs/history.md; docs/protocol.md "history and replay".
 */
import type { AuditLog } from '../audit/auditLog.ts'
import type { ReplayHandle } from '../handle.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import { toActor } from '../operators/subject.ts'

export interface ReplayApiSources {
  readonly history: HistoryDesk
  readonly audit: AuditLog
  readonly addressHash: (address: string) => string | null
}

/** Creates the functions of the replay's routes. */
export function createReplayApi({ history, audit, addressHash }: ReplayApiSources): ReplayHandle {
  async function* piecesOf(id: number): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    try {
      for (;;) {
        const piece = await history.ask('bundle-next', { id })
        if (piece === null) return
        yield piece
      }
    } finally {
      // The reader may have gone away in the middle.
      await history.ask('bundle-close', { id }).catch(() => null)
    }
  }

  return {
    replay: (query) => history.ask('state', query),
    replayFrames: (query) => history.ask('frames', { run: query.run, query }),
    replayEvents: (query) => history.ask('events', query),
    replayFlow: (query) => history.ask('flow', query),
    replayLanes: (query) => history.ask('lanes', query),
    replayDwell: (query) => history.ask('dwell', query),
    replayCoverage: (run) => history.ask('coverage', { run, recorder: history.counters() }),
    async replayBundle({ run, from, to }, { subject, address }) {
      const { id, fileName, runId, fromMs, toMs } = await history.ask('bundle-open', { run, from, to })
      try {
        await audit.append({
          actor: toActor(subject, addressHash(address)),
          action: 'history.export',
          object: { type: 'run', id: runId },
          outcome: 'done',
          params: { from_ms: fromMs, to_ms: toMs, file: fileName },
        })
      } catch (error) {
        await history.ask('bundle-close', { id })
        throw error
      }
      return { fileName, pieces: piecesOf(id) }
    },
  }
}
