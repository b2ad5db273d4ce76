/*
 * staleCommands: commands that are too old, held back, replayed, overtaken or of a former gateway, to a layer whose clock is wrong; fresh ones between.
 * In: how many, a seed, how far the layer's clock is off. Out: how many stale ones had an effect, how many fresh ones did.
 * Invariant: fresh commands from issuers whose clocks are wrong by up to an hour are applied: refusing everything would be no test.
 * Source: docs/protocol.md "commands" (age, order).
 */
import { createRng } from '../../lib/training/rng.ts'
import { LAYERS } from '../support/commandBench.ts'
import { createGuardedBench } from '../support/guardedBench.ts'
import { createManualClock } from '../support/manualClock.ts'

export interface StaleOptions {
  readonly commands: number
  readonly seed: number
  readonly skewMs: number
}

export interface StaleReport {
  readonly stale: number
  readonly applied: number
  readonly unanswered: number
  readonly fresh: number
  readonly freshApplied: number
}

const HOUR_MS = 3_600_000
const ROUND = 500
const KINDS = ['expired', 'replayed', 'former', 'overtaken', 'stamped', 'withheld'] as const

/** Runs the scenario on a bus in memory with its own time. */
export async function runStale({ commands, seed, skewMs }: StaleOptions): Promise<StaleReport> {
  const rng = createRng(seed)
  const clock = createManualClock()
  const bench = await createGuardedBench({ clock, skewMs })
  const stale = new Set<string>()
  const fresh = new Set<string>()
  const recorded: Record<string, unknown>[] = []
  let answered = 0
  let sent = 0
  let epoch = 2

  /** An issuer's clock is wrong by up to an hour, either way. */
  const stamp = (): number => (clock.wallMs() + (rng.next() * 2 - 1) * HOUR_MS) / 1_000
  const send = async (command: Record<string, unknown>, into: Set<string>): Promise<void> => {
    into.add(String(command['message_id']))
    await bench.send(command)
  }
  const compose = (more: Record<string, unknown> = {}) =>
    bench.compose({ timestamp: stamp(), gateway_epoch: epoch, ...more })

  const sendStale = async (kind: (typeof KINDS)[number]): Promise<void> => {
    switch (kind) {
      case 'expired':
        return send(compose({ ttl_ms: 1 + rng.int(1_000) }), stale)
      case 'replayed': {
        const old = recorded[rng.int(Math.max(1, recorded.length))]
        // Its place of effect has forgotten it: only the fence knows.
        return old ? send(old, stale) : send(compose({ ttl_ms: 1 }), stale)
      }
      case 'former':
        return send(compose({ gateway_epoch: rng.int(epoch) }), stale)
      case 'overtaken':
        return send(compose({ stop_epoch: 0 }), stale)
      case 'withheld':
        // Signed, kept from the bus until its time was over, and new to it: its entry is of now.
        return send(
          compose({ ttl_ms: 1_000, issued_bus_ms: Math.floor(clock.wallMs()) - 1_000 - rng.int(HOUR_MS) }),
          stale,
        )
      case 'stamped': {
        const off = (25 + rng.int(1_000)) * HOUR_MS * (rng.next() < 0.5 ? 1 : -1)
        return send(compose({ timestamp: Math.max(1, (clock.wallMs() + off) / 1_000) }), stale)
      }
    }
  }

  while (sent < commands) {
    // While the layer is away: what waits for it grows old.
    const count = Math.min(ROUND, commands - sent)
    for (let i = 0; i < count; i++) await sendStale(KINDS[rng.int(KINDS.length)]!)
    sent += count
    await clock.advance(10_000 + rng.int(HOUR_MS / 4))
    bench.records.clear()
    const { handler, desk } = bench.create()
    await handler.start()
    if (epoch === 2) {
      // A stop that is over: what was issued before it stays refused.
      await bench.send(bench.stopLike('EmergencyStopCommand', { stop_epoch: 1, gateway_epoch: epoch }))
      await clock.advance(5)
      await bench.send(bench.stopLike('Resume', { stop_epoch: 1, gateway_epoch: epoch }))
      // Each of the two is answered by both layers.
      answered += 2 * LAYERS.length
    }
    await clock.advance(50)
    epoch++
    for (let i = 0; i < 50; i++) {
      const command = compose({ stop_epoch: 1 })
      recorded.push(command)
      await send(command, fresh)
    }
    await clock.advance(50)
    desk.persist(true)
    await handler.stop(100)
  }
  const applied = bench.effects.filter((id) => !fresh.has(id)).length
  const freshApplied = new Set(bench.effects.filter((id) => fresh.has(id))).size
  // A replay that had an effect would be a second one of a fresh command.
  const twice = bench.effects.length - new Set(bench.effects).size
  const expected = sent + fresh.size + answered
  return {
    stale: sent,
    applied: applied + twice,
    unanswered: expected - bench.counted.filter(({ kind }) => kind !== 'accepted').length,
    fresh: fresh.size,
    freshApplied,
  }
}
