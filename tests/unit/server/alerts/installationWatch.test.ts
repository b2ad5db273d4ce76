import { expect, test } from 'vitest'
import { SHIPPED_BY_ID, SHIPPED_RULES } from '../../../../lib/alerts/shippedRules.ts'
import type { AlertSignal } from '../../../../server/alerts/alertSignals.ts'
import { createInstallationWatch, type UnknownCommand } from '../../../../server/alerts/installationWatch.ts'
import { createManualClock } from '../../../support/manualClock.ts'

function world() {
  const clock = createManualClock()
  const now = {
    bus: { state: 'up', cause: null as string | null },
    counters: { deadLetters: 0, refusedTotal: 0, streams: [] as { topic: string; lag: number | null }[] },
    ready: { ready: 3, of: 3 } as { ready: number; of: number } | null,
    layers: 3,
    broken: [] as { name: string; text: string }[],
    commands: [] as UnknownCommand[],
    engineAgeMs: 100,
  }
  const signals: AlertSignal[] = []
  const watch = createInstallationWatch({
    clock,
    rules: () => SHIPPED_RULES,
    onSignals: (batch) => signals.push(...batch),
    readings: {
      bus: () => now.bus,
      counters: () => now.counters,
      stopReady: () => now.ready,
      reportingLayers: () => now.layers,
      broken: () => now.broken,
      unknownCommands: () => now.commands,
      engineAgeMs: () => now.engineAgeMs,
    },
  })
  return {
    now,
    watch,
    async pass(ms: number): Promise<string[]> {
      for (let left = ms; left > 0; left -= 500) {
        await clock.advance(500)
        watch.check()
      }
      return signals.splice(0).flatMap((one) => ('rule' in one ? [`${one.on} ${one.rule}`] : []))
    },
  }
}

test('while everything is well nothing is told', async () => {
  expect(await world().pass(60_000)).toEqual([])
})

test('a bus that is away is told after its seconds, and its return clears it; a start is neither', async () => {
  const it = world()
  it.now.bus = { state: 'reconnecting', cause: 'connection refused' }
  expect(await it.pass(2_500)).toEqual([])
  expect(await it.pass(2_000)).toEqual(['raise bus_down'])
  it.now.bus = { state: 'starting', cause: null }
  expect(await it.pass(5_000)).toEqual([])
  it.now.bus = { state: 'up', cause: null }
  expect(await it.pass(500)).toEqual(['clear bus_down'])
})

test('a reader that is behind is told by topic, until it is nearly there; a lag that is not known changes nothing', async () => {
  const it = world()
  const lag = (value: number | null): void => {
    it.now.counters.streams = [{ topic: 'kasmina.telemetry.shard.0', lag: value }]
  }
  lag(1_500)
  expect(await it.pass(6_000)).toEqual(['raise bus_lag'])
  lag(null)
  expect(await it.pass(6_000)).toEqual([])
  lag(500)
  expect(await it.pass(6_000)).toEqual([])
  lag(50)
  expect(await it.pass(1_000)).toEqual(['clear bus_lag'])
})

test('given-up and refused entries are told, and pass when no more come', async () => {
  const it = world()
  await it.pass(1_000)
  it.now.counters.deadLetters = 2
  it.now.counters.refusedTotal = 100
  expect(await it.pass(500)).toEqual(['raise dead_letters', 'raise refusals'])
  expect(await it.pass(70_000)).toEqual(['clear refusals'])
  expect(await it.pass(250_000)).toEqual(['clear dead_letters'])
})

test('a layer that a stop would not reach is critical after its time; without layers nobody needs to be reached', async () => {
  const it = world()
  it.now.ready = { ready: 2, of: 3 }
  expect(await it.pass(20_000)).toEqual([])
  expect(await it.pass(12_000)).toEqual(['raise stop_unready'])
  it.now.ready = null
  expect(await it.pass(12_000)).toEqual([])
  it.now.layers = 0
  expect(await it.pass(500)).toEqual(['clear stop_unready'])
})

test('a command of which nobody knows what became is told until telemetry settles it, also over a restart', async () => {
  const it = world()
  const command = {
    id: 'c1',
    type: 'LifecycleTransitionCommand',
    runId: 'r',
    layerId: 'l',
    seedId: 1,
    correlationId: null,
  }
  it.now.commands = [command]
  expect(await it.pass(1_000)).toEqual(['raise command_unacked'])
  it.now.commands = []
  expect(await it.pass(500)).toEqual(['clear command_unacked'])
  const after = world()
  after.watch.adopt(SHIPPED_BY_ID.get('command_unacked')!, { runId: 'r', layerId: 'l', seedId: 1, what: 'c1' })
  expect(await after.pass(500)).toEqual(['clear command_unacked'])
})

test('an engine that does not tell that it runs, and a way out that is broken, are told by what does not need them', async () => {
  const it = world()
  it.now.engineAgeMs = 11_000
  it.now.broken = [{ name: 'webhook', text: 'status 500' }]
  expect(await it.pass(500)).toEqual(['raise breaker_open', 'raise engine_dead'])
  it.now.engineAgeMs = 200
  it.now.broken = []
  expect(await it.pass(500)).toEqual(['clear breaker_open', 'clear engine_dead'])
})
