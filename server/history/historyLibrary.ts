/*
 * historyLibrary: all histories of an installation, found by run.
 * In: the folder of all histories. Out: one history by run id, the newest one, a list; events that belong to no run.
 * Invariant: a run that was removed or added on the disk is seen with the next question; an imported run keeps a name of its own.
 * Source: docs/history.md "reading".
 */
import path from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'
import { BLOCK_KIND } from './blockFile.ts'
import { createBytesCache } from './bytesCache.ts'
import { createRunHistory, openRunHistory, type RunHistory } from './runHistory.ts'
import { filesIn, readRunFile, runFoldersIn, SERVER_FOLDER, type RunFile } from './runFolder.ts'

export const CACHE_BYTES = 96 * 1_048_576

export interface ListedRun {
  readonly run: RunFile
  readonly folder: string
  readonly bytes: number
  readonly changedMs: number
}

export interface HistoryLibrary {
  /** Newest first. */
  list(): readonly ListedRun[]
  /** Without a name the run that was written to last. @throws STATE_NOT_FOUND */
  open(runId: string | undefined): RunHistory
  /** Records that name no run. */
  server(like: RunFile): RunHistory
  readonly root: string
  close(): void
}

/** Opens the folder; it need not be there yet. */
export function openHistoryLibrary(root: string, cacheBytes = CACHE_BYTES): HistoryLibrary {
  const cache = createBytesCache(cacheBytes)
  const opened = new Map<string, RunHistory>()
  let server: RunHistory | null = null

  const list = (): ListedRun[] =>
    runFoldersIn(root)
      .flatMap((folder) => {
        const run = opened.get(folder)?.run ?? readRunFile(folder)
        if (run === null) return []
        const files = filesIn(folder)
        const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
        return [{ run, folder, bytes, changedMs: Math.max(0, ...files.map((file) => file.changedMs)) }]
      })
      .toSorted((a, b) => b.changedMs - a.changedMs)

  return {
    root,
    list,
    open(runId) {
      const all = list()
      const own = all.filter((one) => one.run.kept === 'recorded')
      // Events of a run long gone are written when the bus is read again: the newest run is the one that began last.
      const newest = (own.length > 0 ? own : all).toSorted((a, b) => b.run.first_seen_ms - a.run.first_seen_ms)[0]
      const wanted = runId === undefined ? newest : all.find((one) => one.run.run_id === runId)
      if (wanted === undefined)
        throw new AppError(
          'STATE_NOT_FOUND',
          runId === undefined ? 'nothing is recorded yet' : 'no history of this run is kept',
          { path: 'run' },
        )
      let history = opened.get(wanted.folder)
      if (history === undefined) {
        history = openRunHistory(wanted.folder, cache) ?? undefined
        if (history === undefined)
          throw new AppError('STATE_NOT_FOUND', 'no history of this run is kept', { path: 'run' })
        opened.set(wanted.folder, history)
      } else history.refresh()
      for (const [folder, one] of opened)
        if (!all.some((listed) => listed.folder === folder)) {
          one.close()
          opened.delete(folder)
        }
      return history
    },
    server(like) {
      if (server === null) server = createRunHistory(path.join(root, SERVER_FOLDER), like, cache)
      else server.refresh()
      return server
    },
    close() {
      for (const history of opened.values()) history.close()
      server?.close()
      opened.clear()
      server = null
    },
  }
}

/** The first and the last moment that anything is recorded of; null when nothing is. */
export function spanOf(history: RunHistory): { readonly fromMs: number; readonly toMs: number } | null {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { layer_id: layerId } of history.run.descriptor.layers) {
    const stretches = history.stretches(layerId)
    fromMs = Math.min(fromMs, stretches[0]?.fromMs ?? fromMs)
    toMs = Math.max(toMs, stretches.at(-1)?.toMs ?? toMs)
  }
  for (const block of history.events()) {
    if (block.kind !== BLOCK_KIND.events) continue
    fromMs = Math.min(fromMs, block.fromMs)
    toMs = Math.max(toMs, block.toMs)
  }
  return fromMs <= toMs ? { fromMs, toMs } : null
}
