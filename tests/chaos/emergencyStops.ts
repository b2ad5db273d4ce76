/*
 * emergencyStops: stops of the real trainer while Redis, gateway and trainer are killed at random, and nothing may move before it is resumed.
 * In: how many stops, a seed. Out: stops that were not confirmed, layers that ran although stopped.
 * Invariant: after each kill the dead one is back before it is judged: stopped means stopped over any restart.
 * Source: docs/emergency-stop.md.
 */
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createStopWorld, type StopWorld } from '../support/stopWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

export interface StopReport {
  readonly stops: number
  readonly kills: number
  /** Not confirmed by every layer within five seconds, although nothing but Redis was killed. */
  readonly missing: number
  /** Layers that did not say halted, or a stop that was forgotten, after the killed one was back. */
  readonly ran: number
  readonly p99Ms: number
}

/** Marsaglia's xorshift: the same seed kills the same. */
function chance(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

async function stillStopped(world: StopWorld, id: string): Promise<boolean> {
  try {
    await waitUntil('everything stands still', async () => {
      const now = await world.status()
      const inForce = now?.stops.some((stop) => stop.id === id) === true
      return inForce && now.layers.length === 3 && now.layers.every(({ halted }) => halted === true)
    })
    return true
  } catch {
    return false
  }
}

/** Runs it; a third of the stops have something killed around them. */
export async function runStops(options: {
  readonly stops: number
  readonly seed: number
  readonly rate?: number
  readonly say?: (line: string) => void
}): Promise<StopReport> {
  const random = chance(options.seed)
  const world = await createStopWorld({ rate: options.rate ?? 0 })
  const took: number[] = []
  let [missing, ran, kills] = [0, 0, 0]
  try {
    for (let round = 0; round < options.stops; round++) {
      const dice = random()
      const redisDown = dice < 1 / 9
      if (redisDown) {
        kills++
        await world.redis.kill()
      }
      const { id, tookMs } = await world.stop()
      if (tookMs === null) missing++
      else took.push(tookMs)
      if (redisDown) await world.redis.restart()
      else if (dice < 3 / 9) {
        kills++
        const agent = (await world.status())?.layers[0]?.agent_id ?? null
        const victim = dice < 2 / 9 ? 'gateway' : 'trainer'
        process.kill(world.pid(victim), 'SIGKILL')
        await clock.sleep(50)
        await world.ready(victim === 'trainer' ? agent : null)
      }
      if (!(await stillStopped(world, id))) ran++
      await world.resume(id)
      if (round % 50 === 49) options.say?.(`${round + 1} stops, ${kills} kills, ${missing} missing, ${ran} ran`)
    }
  } finally {
    await world.close()
  }
  const sorted = took.toSorted((a, b) => a - b)
  const p99Ms = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN
  return { stops: options.stops, kills, missing, ran, p99Ms: Math.round(p99Ms * 10) / 10 }
}
