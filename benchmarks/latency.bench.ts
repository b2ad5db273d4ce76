/*
 * latency.bench: from the XADD call to the callback of a Socket.IO client, through the real server, at 10,000 messages a second.
 * In: --rounds N, --json FILE. Out: p50, p99, p99.9 of all messages per round, immediate and at 60 Hz.
 * Invariant: overtaken messages count until the frame that replaced them; publisher and page share one process and one clock.
 * Source: seed-design.md 5.1; docs/performance.md "latency".
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startRedis } from '../tests/support/redisHarness.ts'
import { startTestServer } from '../tests/support/serverHarness.ts'
import { finish, judge, judgeCount, median, numberFlag, say } from './support/benchReport.ts'
import type { ProbeRound } from './support/latencyProbe.ts'

const ROUNDS = numberFlag('rounds', 7)
const ROUND_MS = numberFlag('round-ms', 2_500)
const TICKS_PER_S = 1_000
const LAYERS = 10
const PERIOD_MS = 1_000 / 60
const ROOM_MS = 2

/** Bars of the immediate pace, ms. */
const IMMEDIATE = { p50: 0.5, p99: 3 }

const redis = await startRedis()
const server = await startTestServer({ BUS: 'redis', REDIS_URL: redis.url })

async function measure(pace: '60hz' | 'immediate'): Promise<ProbeRound[]> {
  const probe = fork(new URL('./support/latencyProbe.ts', import.meta.url), [
    redis.url,
    server.url,
    String(TICKS_PER_S),
    String(LAYERS),
    pace,
  ])
  const ask = async (): Promise<ProbeRound> => {
    probe.send({ ms: ROUND_MS })
    const [result] = (await once(probe, 'message')) as [ProbeRound]
    return result
  }
  try {
    await once(probe, 'message')
    await ask()
    const rounds: ProbeRound[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const result = await ask()
      rounds.push(result)
      const { p50Ms, p99Ms, p999Ms, messagesPerS } = result
      const figures = [p50Ms, p99Ms, p999Ms].map((ms) => ms.toFixed(2)).join(' / ')
      say(`  ${pace}, round ${round + 1}: p50 / p99 / p99.9 ${figures} ms at ${messagesPerS.toFixed(0)} messages/s`)
    }
    return rounds
  } finally {
    probe.kill()
  }
}

const against = (rounds: readonly ProbeRound[], read: (round: ProbeRound) => number, ceiling: number) =>
  rounds.map((round) => ({ value: read(round), ceiling }))
const informative = (text: string) => ({ text: `informative: ${text}`, holds: null })
const p50 = (round: ProbeRound): number => round.p50Ms
const p99 = (round: ProbeRound): number => round.p99Ms
const p999 = (round: ProbeRound): number => round.p999Ms
const rate = (round: ProbeRound): number => round.messagesPerS

try {
  const now = await measure('immediate')
  const paced = await measure('60hz')
  const overview = (await server.get('/api/overview')).body as { readonly lost: number; readonly duplicates: number }
  const all = [...now, ...paced]
  finish([
    judge('latency-immediate-p50', 'ms', against(now, p50, IMMEDIATE.p50), {
      text: `<= ${IMMEDIATE.p50} ms (the bar stands as ceiling)`,
      holds: (value) => value <= IMMEDIATE.p50,
    }),
    judge('latency-immediate-p99', 'ms', against(now, p99, IMMEDIATE.p99), {
      text: `<= ${IMMEDIATE.p99} ms (the bar stands as ceiling)`,
      holds: (value) => value <= IMMEDIATE.p99,
    }),
    judge(
      'latency-immediate-p99.9',
      'ms',
      against(now, p999, IMMEDIATE.p99),
      informative('the bar of p99 is the ceiling'),
    ),
    judge('latency-60hz-p50', 'ms', against(paced, p50, PERIOD_MS), informative('half a period is the limit')),
    judge('latency-60hz-p99', 'ms', against(paced, p99, PERIOD_MS), {
      text: `<= period + ${ROOM_MS} ms`,
      holds: (value) => value <= PERIOD_MS + ROOM_MS,
    }),
    judge('latency-60hz-p99.9', 'ms', against(paced, p999, PERIOD_MS), informative('the period is the ceiling')),
    judge(
      'latency-rate',
      'messages/s',
      against(all, rate, TICKS_PER_S * LAYERS),
      informative('the rate that was kept'),
    ),
    judgeCount(
      'latency-unseen',
      all.reduce((sum, round) => sum + round.unseen, 0),
      0,
    ),
    judgeCount('latency-lost', overview.lost, 0),
    judgeCount('latency-duplicated', overview.duplicates, 0),
  ])
  say(`median p99 - period: ${(median(paced.map(p99)) - PERIOD_MS).toFixed(1)} ms`)
} finally {
  await server.end()
  await redis.stop()
}
