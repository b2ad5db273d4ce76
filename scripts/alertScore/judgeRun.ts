/*
 * judgeRun: a recorded run before the watch, the engine and the records database of the product: which alerts it raises, and when.
 * In: a recording, rules. Out: one entry per raise, on the time of the recording.
 * Invariant: only the product's own code raises; bus and installation are told as healthy, so rules about them have no case here.
 * Source: docs/alerts.md "how it works".
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { createAlertEngine } from '../../server/alerts/alertEngine.ts'
import { createAlertWatch } from '../../server/alerts/alertWatch.ts'
import { createRunTable, noteReport } from '../../server/ingest/runTable.ts'
import { createRunBook } from '../../server/state/runBook.ts'
import { openRecords } from '../../server/stores/recordsDatabase.ts'
import { createManualClock } from '../../tests/support/manualClock.ts'
import type { RecordedRun } from './recordRun.ts'

export interface Raise {
  readonly rule: string
  readonly severity: string
  /** Since the beginning of the recording, ms. */
  readonly atMs: number
  readonly text: string
}

/** After the last word: what is due by time alone. */
const SETTLE_MS = 2_000

/** Plays the recording. @throws STATE_STORAGE */
export async function judgeRun(recording: RecordedRun): Promise<readonly Raise[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'alert-score-'))
  const records = await openRecords(`sqlite:${path.join(folder, 'records.db')}`)
  const clock = createManualClock()
  const startMs = clock.wallMs()
  const onProblem = (text: string): never => {
    throw new Error(text)
  }
  const raises: Raise[] = []
  const engine = await createAlertEngine({
    clock,
    records,
    runs: createRunBook(),
    readings: {
      bus: () => ({ state: 'up', cause: null }),
      counters: () => ({ deadLetters: 0, refusedTotal: 0, streams: [] }),
      stopReady: () => null,
      reportingLayers: () => 0,
      broken: () => [],
      unknownCommands: () => [],
    },
    onOrder: () => undefined,
    onProblem,
  })
  engine.onChange(({ rule, severity, text }, events) => {
    for (const { act } of events)
      if (act === 'raised' || act === 'raised_again')
        raises.push({ rule, severity, text, atMs: clock.wallMs() - startMs })
  })
  const table = createRunTable({ historySeconds: 10, onRun: () => undefined, onGone: () => undefined })
  const { run } = table.announce(recording.descriptor, startMs)
  const watch = createAlertWatch({
    clock,
    order: engine.order(),
    runs: () => table.all(),
    onSignals: (signals) => engine.onSignals(signals),
    onBeat: (beat) => engine.onBeat(beat),
  })
  engine.start()
  watch.start()
  for (const { atMs, tick, messages, columns } of recording.ticks) {
    await clock.advance(startMs + atMs - clock.wallMs())
    for (const message of messages) watch.onEvent(message, recording.descriptor.run_id, clock.wallMs())
    if (columns === null) continue
    columns.forEach(({ seeds, layer }, at) => {
      const one = run.tables[at]!
      one.begin()
      one.seeds.set(seeds)
      one.layer.set(layer)
      one.meta[TABLE_META.tick] = tick
      noteReport(run, at, clock.wallMs())
      one.end()
    })
    watch.onMerged(run, clock.wallMs())
  }
  await clock.advance(startMs + recording.endMs + SETTLE_MS - clock.wallMs())
  watch.stop()
  await engine.stop()
  await records.close()
  rmSync(folder, { recursive: true, force: true })
  return raises
}
