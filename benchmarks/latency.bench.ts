/*
 * latency.bench: from the XADD call to the callback of a Socket.IO client, through the real server, at 10,000 messages a second.
 * In: --rounds N, --json FILE. Out: p50, p99, p99.9 of all messages per round; the period of the frames is the yardstick.
 * Invariant: overtaken messages count until the frame that replaced them; publisher and page share one process and one clock.
 * The product shows pictures at 60 Hz and has no mode without frames, so there is no immediate figure for telemetry.
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

const redis = await startRedis()
const server = await startTestServer({ BUS: 'redis', REDIS_URL: redis.url })
const probe = fork(new URL('./support/latencyProbe.ts', import.meta.url), [
  redis.url,
  server.url,
  String(TICKS_PER_S),
  String(LAYERS),
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
    const figures = [p50Ms, p99Ms, p999Ms].map((ms) => ms.toFixed(1)).join(' / ')
    say(`  round ${round + 1}: p50 / p99 / p99.9 ${figures} ms at ${messagesPerS.toFixed(0)} messages/s`)
  }
  const against = (read: (round: ProbeRound) => number) =>
    rounds.map((round) => ({ value: read(round), ceiling: PERIOD_MS }))
  const overview = (await server.get('/api/overview')).body as { readonly lost: number; readonly duplicates: number }
  finish([
    judge(
      'latency-60hz-p50',
      'ms',
      against((round) => round.p50Ms),
      {
        text: 'informative: half a period is the limit',
        holds: null,
      },
    ),
    judge(
      'latency-60hz-p99',
      'ms',
      against((round) => round.p99Ms),
      {
        text: `<= period + ${ROOM_MS} ms`,
        holds: (value) => value <= PERIOD_MS + ROOM_MS,
      },
    ),
    judge(
      'latency-60hz-p99.9',
      'ms',
      against((round) => round.p999Ms),
      { text: 'informative', holds: null },
    ),
    judge(
      'latency-rate',
      'messages/s',
      rounds.map((round) => ({ value: round.messagesPerS, ceiling: TICKS_PER_S * LAYERS })),
      {
        text: 'informative: the rate that was kept',
        holds: null,
      },
    ),
    judgeCount(
      'latency-unseen',
      rounds.reduce((sum, round) => sum + round.unseen, 0),
      0,
    ),
    judgeCount('latency-lost', overview.lost, 0),
    judgeCount('latency-duplicated', overview.duplicates, 0),
  ])
  say(`median p99 - period: ${(median(rounds.map((round) => round.p99Ms)) - PERIOD_MS).toFixed(1)} ms`)
} finally {
  probe.kill()
  await server.end()
  await redis.stop()
}
