import { expect, test } from 'vitest'
import { SHIPPED_RULES } from '../../../../lib/alerts/shippedRules.ts'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import type { AlertSignal } from '../../../../server/alerts/alertSignals.ts'
import { createArrivalWatch } from '../../../../server/alerts/arrivalWatch.ts'
import { createRunTable, noteReport } from '../../../../server/ingest/runTable.ts'
import { buildRun } from '../runFixture.ts'

function world() {
  const table = createRunTable({ historySeconds: 10, onRun: () => undefined, onGone: () => undefined })
  const { run } = table.announce(buildRun({ layers: 1, intervalMs: 1_000 }), 0)
  let signals: AlertSignal[] = []
  const watch = createArrivalWatch({
    rulesOf: (detector) => SHIPPED_RULES.filter((rule) => rule.detector === detector),
    emit: (signal) => signals.push(signal),
  })
  let nowMs = 1_000_000
  return {
    watch,
    run,
    report(): void {
      noteReport(run, 0, nowMs)
      run.tables[0]!.meta[TABLE_META.intervalMs] = 1_000
    },
    /** Lets time pass in sweeps; `report`: with one report per second. */
    pass(ms: number, report = false): string[] {
      const told: string[] = []
      for (let left = ms; left > 0; left -= 500) {
        nowMs += 500
        if (report && left % 1_000 === 0) this.report()
        watch.sweep([run], nowMs)
        told.push(
          ...signals.map((signal) =>
            'rule' in signal
              ? `${signal.on} ${signal.rule}${'severity' in signal ? ` ${signal.severity}` : ''}`
              : signal.on,
          ),
        )
        signals = []
      }
      return told
    },
    stall(ms: number): void {
      nowMs += ms
      watch.sweep([run], nowMs)
    },
    now: () => nowMs,
  }
}

test('a layer that stops reporting is late, then critical, then silent; three reports and it is well again', () => {
  const { watch: _watch, ...it } = world()
  it.report()
  expect(it.pass(10_000, true)).toEqual(['heard'])
  expect(it.pass(4_000)).toEqual([])
  expect(it.pass(1_500)).toEqual(['raise telemetry_gap warning'])
  expect(it.pass(15_000)).toEqual(['raise telemetry_gap critical'])
  expect(it.pass(40_000)).toEqual(['raise layer_silent warning', 'silent'])
  expect(it.pass(6_000, true)).toEqual(['heard', 'clear layer_silent', 'clear telemetry_gap'])
})

test('a layer that never reported here is not missing', () => {
  expect(world().pass(120_000)).toEqual([])
})

test('a run that says it stands still is not missing, until it does not even say that', () => {
  const it = world()
  it.report()
  it.pass(3_000, true)
  for (let beat = 0; beat < 6; beat++) {
    it.watch.onStill('run-1', true, [], it.now())
    expect(it.pass(5_000)).toEqual([])
  }
  expect(it.pass(20_000)).toContain('raise telemetry_gap critical')
})

test('a producer that says goodbye is told as such, not as a gap', () => {
  const it = world()
  it.report()
  it.pass(3_000, true)
  it.watch.onGone('run-1', true)
  expect(it.pass(30_000)).toEqual(['raise layer_silent info', 'silent'])
})

test('a reader that was held up itself blames nobody at its first look', () => {
  const it = world()
  it.report()
  it.pass(3_000, true)
  it.stall(30_000)
  it.report()
  expect(it.pass(2_000, true)).toEqual([])
})
