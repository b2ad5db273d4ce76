/*
 * historyWorld: a recorder on a folder of its own, and a run that a test writes ticks and records into.
 * In: rows, layers, bounds. Out: the recorder, ticks written as the ingest writes them, a library over the same folder.
 * Invariant: time is the test's; the folder goes with the test.
 * Source: docs/history.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import { createHistoryRecorder, type RecorderOptions } from '../../../../server/history/historyRecorder.ts'
import { openHistoryLibrary } from '../../../../server/history/historyLibrary.ts'
import { createRunTable } from '../../../../server/ingest/runTable.ts'
import type { RunAnnouncement } from '../../../../server/ingest/ingestMessages.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { buildRun } from '../runFixture.ts'

export const TICK_MS = 200

/** Numbers that look like telemetry: whole states, small changes, some unmeasured, some outside the range. */
export function valueAt(column: string, row: number, tick: number, layer: number): number {
  if (column === 'state') return (row + Math.floor(tick / 40) + layer) % 11
  if (column === 'ticks_in_state') return tick % 40
  // Some columns stand still for a while, at a number or unmeasured.
  if (column === 'blueprint') return 3
  if (column === 'alpha_velocity') return Number.NaN
  if (column === 'alpha') return Math.fround(0.3)
  if ((row + tick) % 17 === 0) return Number.NaN
  return Math.fround(0.5 + 0.4 * Math.sin(row * 1.7 + tick * 0.05 + layer) + (row % 9 === 0 ? 2 : 0))
}

export function createHistoryWorld(options: { layers?: number; rows?: number } & Partial<RecorderOptions> = {}) {
  const { layers = 2, rows = 10, ...rest } = options
  const root = rest.root ?? mkdtempSync(path.join(tmpdir(), 'morphoscope-history-'))
  const clock = createManualClock()
  let announced: RunAnnouncement | null = null
  const table = createRunTable({ historySeconds: 10, onRun: (run) => (announced = run), onGone: () => undefined })
  const { run } = table.announce(buildRun({ layers, rows }), clock.wallMs())
  const openRecorder = () => {
    const recorder = createHistoryRecorder({
      root,
      clock,
      retention: { maxBytes: 1_000_000_000, maxAgeMs: null },
      ...rest,
    })
    recorder.announce(announced!)
    return recorder
  }
  let tick = 0
  let offset = 0
  const write = (): void => {
    tick++
    run.tables.forEach((layer, at) => {
      layer.begin()
      run.descriptor.seed_columns.forEach(({ name }, column) => {
        for (let row = 0; row < rows; row++) layer.seeds[column * rows + row] = valueAt(name, row, tick, at)
      })
      layer.layer.fill(tick)
      layer.meta[TABLE_META.tick] = tick
      layer.meta[TABLE_META.step] = tick * 20
      layer.meta[TABLE_META.flags] = 0
      layer.meta[TABLE_META.reports]!++
      layer.meta[TABLE_META.entryMs] = clock.wallMs() + 5
      layer.meta[TABLE_META.entrySeq] = 0
      layer.meta[TABLE_META.ingestMs] = clock.wallMs()
      layer.end()
    })
  }
  const transition = (layer: number, seed: number, entry: string, more: Partial<LiveRecord> = {}): LiveRecord =>
    ({
      kind: 'transition',
      offset: ++offset,
      at_ms: Number(entry.split('-')[0]),
      run_id: run.descriptor.run_id,
      entry: { topic: `kasmina.event.layer.layer_${layer}`, entry_id: entry },
      layer_id: run.descriptor.layers[layer]!.layer_id,
      seed_id: seed,
      from_state: 'DORMANT',
      to_state: 'GERMINATED',
      reason: 'a test',
      triggered_by: 'policy',
      guard: null,
      step: null,
      tick,
      generation: 1,
      blueprint_id: null,
      correlation_id: null,
      legal: true,
      ...more,
    }) as LiveRecord
  return {
    root,
    clock,
    run,
    descriptor: run.descriptor,
    announced: () => announced!,
    openRecorder,
    write,
    transition,
    library: () => openHistoryLibrary(root),
    tick: () => tick,
    /** Writes some ticks and lets the recorder see each. */
    async pump(recorder: ReturnType<typeof openRecorder>, ticks: number): Promise<void> {
      for (let at = 0; at < ticks; at++) {
        await clock.advance(TICK_MS)
        write()
        recorder.poll()
      }
    },
    /** Settling pauses between its turns: time must go on meanwhile. */
    async settle(work: Promise<void>): Promise<void> {
      let done = false
      void work.finally(() => (done = true))
      while (!done) await clock.advance(1)
    },
    end: () => rmSync(root, { recursive: true, force: true }),
  }
}
export type HistoryWorld = ReturnType<typeof createHistoryWorld>
