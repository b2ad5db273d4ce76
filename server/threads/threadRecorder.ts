/*
 * threadRecorder: puts what the server sees happen into the index: records, notes, gaps, commands, and how things stood before and after.
 * In: records, life notes, gaps, changes of commands. Out: nodes in the index; health readings some seconds after what turned a thread.
 * Invariant: never waits and never throws into its caller; a command that the book tells is not told a second time by its outcome.
 * Source: docs/protocol.md "threads".
 */
import type { CoverageGap, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { LifeNote } from '../ingest/lifeNotes.ts'
import type { CommandBook } from '../operators/commandBook.ts'
import type { StoredCommand } from '../operators/storedCommand.ts'
import type { RunBook } from '../state/runBook.ts'
import { hasTakenEffect, nodesOfCommand } from './commandNodes.ts'
import { createHealthWatch, type HealthAnchor, type HealthPlace } from './healthWatch.ts'
import { nodeOfGap, nodeOfNote, nodesOfRecord } from './recordNodes.ts'
import type { ThreadIndex } from './threadIndex.ts'
import type { NodeDraft } from './threadNode.ts'

export interface ThreadRecorder {
  readonly records: (records: readonly LiveRecord[]) => void
  readonly notes: (notes: readonly LifeNote[]) => void
  readonly gap: (runId: string, gap: CoverageGap) => void
  command(command: StoredCommand, before: StoredCommand | null): void
  /** Nodes of another room: alerts, rules. */
  add(nodes: readonly NodeDraft[]): void
  stop(): void
}

export interface ThreadRecorderOptions {
  readonly index: Pick<ThreadIndex, 'add'>
  readonly clock: Clock
  readonly runs: RunBook
  readonly book: Pick<CommandBook, 'get'>
  /** Newest health of a seed, or the mean of its layer; null = unmeasured. */
  readonly health: (place: HealthPlace) => number | null
}

/** Creates a recorder; it holds timers until stopped. */
export function createThreadRecorder(options: ThreadRecorderOptions): ThreadRecorder {
  const { index, clock, runs, book } = options

  const accuracy = (runId: string | null, atMs: number) => {
    const curve = runId === null ? [] : (runs.get(runId)?.curve ?? [])
    const last = curve.findLast((record) => record.kind === 'evaluation' && record.at_ms <= atMs)
    const value = last?.kind === 'evaluation' ? last.val_accuracy : null
    return { metric: 'val_accuracy', unit: 'fraction', value, atMs: last?.at_ms ?? null }
  }
  const watch = createHealthWatch({
    clock,
    add: (nodes) => index.add(nodes),
    read(place, atMs) {
      const layer =
        place.layerId === null
          ? []
          : [{ metric: 'health_score', unit: 'ratio', value: options.health(place), atMs: clock.wallMs() }]
      return [accuracy(place.runId, atMs), ...layer]
    },
  })

  const anchorOf = (node: NodeDraft): HealthAnchor | null =>
    node.correlationId === undefined || node.correlationId === null
      ? null
      : {
          thread: node.correlationId,
          nodeId: node.id,
          atMs: node.atMs,
          runId: node.runId ?? null,
          layerId: node.layerId ?? null,
          seedId: node.seedId ?? null,
          generation: node.generation ?? null,
        }
  const add = (nodes: readonly NodeDraft[]): void => {
    index.add(nodes)
    for (const node of nodes) {
      const turns = node.kind === 'transition' || node.kind === 'fault' || node.kind === 'alert'
      const anchor = turns ? anchorOf(node) : null
      if (anchor !== null) watch.anchor(anchor)
    }
  }

  return {
    add,
    records: (records) =>
      add(
        records.flatMap((record) =>
          record.kind === 'command' && book.get(record.command_id) !== null ? [] : nodesOfRecord(record),
        ),
      ),
    notes: (notes) => add(notes.flatMap((note) => nodeOfNote(note) ?? [])),
    gap: (runId, gap) => index.add([nodeOfGap(runId, gap)]),
    command(command, before) {
      const nodes = nodesOfCommand(command, before)
      add(nodes)
      const outcome = nodes.findLast((node) => node.kind === 'outcome')
      const anchor = outcome === undefined || !hasTakenEffect(command, before) ? null : anchorOf(outcome)
      if (anchor !== null) watch.anchor(anchor)
    },
    stop: () => watch.stop(),
  }
}
