import { expect, test } from 'vitest'
import { SHIPPED_RULES } from '../../../../lib/alerts/shippedRules.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import { createAlertWatch } from '../../../../server/alerts/alertWatch.ts'
import type { AlertSignal, WatchBeat } from '../../../../server/alerts/alertSignals.ts'
import { createRunTable, noteReport } from '../../../../server/ingest/runTable.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { buildRun } from '../runFixture.ts'

function world() {
  const clock = createManualClock()
  const table = createRunTable({ historySeconds: 10, onRun: () => undefined, onGone: () => undefined })
  const { run } = table.announce({ ...buildRun({ layers: 2, rows: 4 }), origin: 'trainer' }, 0)
  const signals: AlertSignal[] = []
  let beat: WatchBeat | null = null
  const watch = createAlertWatch({
    clock,
    order: { rules: SHIPPED_RULES, open: [], seenMs: 0 },
    onSignals: (batch) => signals.push(...batch),
    onBeat: (one) => (beat = one),
    runs: () => [run],
  })
  const dead = columnIndex(SEED_COLUMNS, 'dead_node_ratio')
  let tick = 0
  return {
    clock,
    watch,
    signals,
    /** Pieces of work of the watch so far, as it tells them. */
    pieces: async (): Promise<number> => {
      await clock.advance(500)
      return beat!.ticks
    },
    tick(): void {
      tick++
      for (const [at, one] of run.tables.entries()) {
        one.seeds.fill(1, dead * 4, dead * 4 + 1)
        one.meta[TABLE_META.tick] = tick
        noteReport(run, at, tick)
      }
      watch.onMerged(run, clock.wallMs())
    },
  }
}

test('a thousand ticks a second are looked at twenty times, the last of them too, and nothing that holds is missed', async () => {
  const it = world()
  it.watch.start()
  for (let ms = 0; ms < 1_000; ms++) {
    it.tick()
    await it.clock.advance(1)
  }
  const pieces = await it.pieces()
  expect(pieces).toBeGreaterThan(15)
  expect(pieces).toBeLessThan(40)
  expect(it.signals.map((one) => `${one.on} ${'rule' in one ? one.rule : ''}`)).toContain('raise dead_chunk')
  it.watch.stop()
})

test('ticks at the pace of a trainer are looked at one by one, at once', async () => {
  const it = world()
  it.watch.start()
  for (let tick = 0; tick < 3; tick++) {
    it.tick()
    await it.clock.advance(150)
  }
  expect(it.signals.map((one) => one.on)).toContain('raise')
  it.watch.stop()
})
