/*
 * stopWorld: redis-server, gateway and the real trainer in processes of their own, under a set rate of telemetry, and somebody who stops them.
 * In: a rate. Out: stops timed from the call to the last layer's own word, resumes, isolations.
 * Invariant: processes as the runner starts them; a stop that is not confirmed within five seconds is missing.
 * Source: docs/emergency-stop.md; docs/performance.md "emergency stop".
 */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { GatewayEvent, GatewayStatus, GatewayStopState } from '../../lib/contracts/gatewayControl.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createSupervisor } from '../../scripts/supervisor.mjs'
import { createGatewayClient, type GatewayClient } from '../../server/gateway/gatewayClient.ts'
import { startRedis, type RedisServer } from './redisHarness.ts'
import { waitUntil } from './waitUntil.ts'

const GIVE_UP_MS = 5_000
const GUARD_MS = 60_000
const PUMP = path.join(import.meta.dirname, 'telemetryPump.ts')

/** Where the time of one stop went, ms; each is that of the slowest layer. */
export interface StopStages {
  /** From the call to the gateway's hands, which send in the same breath. */
  readonly asked: number
  /** From there to the layer's first word, and to its word that it stands still. */
  readonly accepted: number
  readonly applied: number
  /** From there to the caller, who waits for its turn on the machine like everybody. */
  readonly told: number
  /** The way that the first word of the slowest layer took. */
  readonly path: 'bus' | 'socket' | null
  /** Copies beyond the first. */
  readonly copies: number
}

export interface StopWorld {
  readonly redis: RedisServer
  readonly client: GatewayClient
  status(): Promise<GatewayStatus | null>
  pid(role: 'gateway' | 'trainer'): number
  /** Stops everything; ms from the call to the last layer's word, null when it did not come in time. */
  stop(): Promise<{ readonly id: string; readonly tookMs: number | null; readonly stages: StopStages | null }>
  resume(stopId: string): Promise<void>
  /** Every layer has a line, and the agents are others than these. */
  ready(notAgent?: string | null): Promise<void>
  /** Cuts the layers off from their gateway; ms after which they froze, as they count it themselves. */
  isolate(): Promise<number>
  /** Messages per second the bus took since this was last asked. */
  rate(): number
  close(): Promise<void>
}

function toStages(stop: GatewayStopState, fromMs: number, toldMs: number): StopStages {
  const slowest = stop.layers.toSorted((a, b) => (b.applied_ms ?? 0) - (a.applied_ms ?? 0))[0]
  const since = (atMs: number | null | undefined): number => (atMs ?? Number.NaN) - stop.at_ms
  return {
    asked: stop.at_ms - fromMs,
    accepted: since(slowest?.accepted_ms),
    applied: since(slowest?.applied_ms),
    told: toldMs - (slowest?.applied_ms ?? Number.NaN),
    path: slowest?.path ?? null,
    copies: slowest?.resends ?? 0,
  }
}

/** Starts it, with a Redis of its own or on that of another world; resolves when three layers have a line. */
export async function createStopWorld(options: {
  readonly rate: number
  readonly redis?: RedisServer
}): Promise<StopWorld> {
  const { rate } = options
  const dataDir = mkdtempSync(path.join(tmpdir(), 'stop-world-'))
  const redis = options.redis ?? (await startRedis({ appendonly: true, tcp: true }))
  const supervisor = createSupervisor({
    roles: ['gateway', 'trainer'],
    env: { ...process.env, BUS: 'redis', REDIS_URL: redis.url, DATA_DIR: dataDir, LOG_LEVEL: 'silent' },
    dev: false,
    dataDir,
    stopDeadlineMs: 8_000,
    onSpawn: () => undefined,
  })
  supervisor.start()
  const pump = rate > 0 ? fork(PUMP, [redis.url, String(rate), '1024']) : null
  let reached: number[] = []
  pump?.on('message', (message) => reached.push((message as { accepted: number }).accepted))
  const client = createGatewayClient({ dataDir, clock, deadlineMs: GIVE_UP_MS })
  const waiting = new Map<string, (event: GatewayEvent) => void>()
  /** When the word came, not when whoever waits for it had its turn. */
  const arrived = new Map<string, { readonly tookMs: number; readonly wallMs: number }>()
  const undo = client.follow({
    after: null,
    onEvent(event) {
      if (
        event.kind === 'stop' &&
        event.stop.missing === 0 &&
        event.stop.layers.length > 0 &&
        waiting.has(event.stop.id)
      ) {
        arrived.set(event.stop.id, { tookMs: clock.monotonicMs(), wallMs: clock.wallMs() })
        waiting.get(event.stop.id)?.(event)
      }
      if (event.kind === 'resume' && event.resume.state !== 'running') waiting.get(event.resume.id)?.(event)
    },
  })

  const eventOf = async (id: string): Promise<GatewayEvent | null> => {
    const { promise, resolve } = Promise.withResolvers<GatewayEvent | null>()
    waiting.set(id, resolve)
    const giveUp = clock.after(GIVE_UP_MS, () => resolve(null))
    const event = await promise
    giveUp()
    waiting.delete(id)
    return event
  }
  const status = (): Promise<GatewayStatus | null> => client.status().catch(() => null)
  const pids = (): Record<string, number> =>
    JSON.parse(readFileSync(path.join(dataDir, 'processes.json'), 'utf8')) as Record<string, number>

  const world: StopWorld = {
    redis,
    client,
    status,
    pid: (role) => pids()[role]!,
    async stop() {
      const id = randomUUID()
      const confirmed = eventOf(id)
      const [fromMs, fromWallMs] = [clock.monotonicMs(), clock.wallMs()]
      await client.stop({ id, scope: 'all', issued_by: 'tests' })
      const event = await confirmed
      if (event?.kind !== 'stop') return { id, tookMs: null, stages: null }
      const { tookMs, wallMs } = arrived.get(id)!
      arrived.delete(id)
      return { id, tookMs: tookMs - fromMs, stages: toStages(event.stop, fromWallMs, wallMs) }
    },
    async resume(stopId) {
      const id = randomUUID()
      const ended = eventOf(id)
      await client.resume({ id, stop_id: stopId, issued_by: 'tests', hold_ms: 0, health_floor: 0 })
      const event = await ended
      if (event?.kind === 'resume' && event.resume.state === 'done') return
      throw new Error(`the run did not go on: ${event?.kind === 'resume' ? event.resume.text : 'no answer'}`)
    },
    ready: (notAgent = null) =>
      waitUntil(
        'three layers have a line',
        async () => {
          const layers = (await status())?.layers ?? []
          return layers.length === 3 && layers.every(({ socket, agent_id }) => socket && agent_id !== notAgent)
        },
        GUARD_MS,
      ),
    async isolate() {
      process.kill(world.pid('gateway'), 'SIGSTOP')
      let ageMs = Number.NaN
      await waitUntil('the layers freeze', async () => {
        const entries = await redis.command('XREVRANGE', 'kasmina.service', '+', '-', 'COUNT', '8')
        for (const [, fields] of entries as [string, string[]][]) {
          const beat = JSON.parse(fields[fields.indexOf('data') + 1]!) as { lease?: string; lease_age_ms?: number }
          if (beat.lease === 'frozen' && typeof beat.lease_age_ms === 'number') ageMs = beat.lease_age_ms
        }
        return !Number.isNaN(ageMs)
      })
      process.kill(world.pid('gateway'), 'SIGCONT')
      await waitUntil('they go on', async () => {
        const layers = (await status())?.layers ?? []
        return layers.length > 0 && layers.every(({ lease }) => lease === 'ok')
      })
      // What was read once must not be read again by the next one.
      await redis.command('XTRIM', 'kasmina.service', 'MAXLEN', '0')
      return ageMs
    },
    rate() {
      const mean = reached.reduce((sum, one) => sum + one, 0) / Math.max(1, reached.length)
      reached = []
      return Math.round(mean)
    },
    async close() {
      undo()
      if (pump?.connected) pump.disconnect()
      supervisor.stop()
      await supervisor.ended
      if (options.redis === undefined) await redis.stop()
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await world.ready()
    return world
  } catch (error) {
    await world.close()
    throw error
  }
}
