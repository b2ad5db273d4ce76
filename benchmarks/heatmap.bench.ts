/*
 * heatmap.bench: 10,000, 100,000 and 1,000,000 live cells in a real Chromium, decoded and drawn in the product's worker.
 * In: --rounds N, --json FILE. Out: frames per second against an idle page of the same round, main-thread ms per frame.
 * Invariant: the renderer of the live page, unbundled; every cell changes in every picture.
 * Source: docs/performance.md "heatmap"; seed-design.md 5.1.
 */
import { chromium } from '@playwright/test'
import { findChromium } from '../scripts/chromium.mjs'
import { type BenchResult, finish, judge, numberFlag } from './support/benchReport.ts'
import type { DrawFigures, measure } from './support/heatmapPage.ts'
import { startPageServer } from './support/pageServer.ts'

const ROUNDS = numberFlag('rounds', 5)
const ROUND_MS = numberFlag('round-ms', 1_500)
const FIELDS = [
  { name: '10k', layers: 10, seeds: 1_000 },
  { name: '100k', layers: 10, seeds: 10_000 },
  { name: '1M', layers: 100, seeds: 10_000 },
]
const BARS = { idleShare: 0.97, p99Ms: 4 }

interface FieldRound {
  readonly idleFps: number
  readonly aside: DrawFigures
  readonly here: DrawFigures
}

const server = await startPageServer('benchmarks/support/heatmapPage.ts')
const found = await findChromium()
const browser = await chromium.launch({
  executablePath: found.executablePath,
  args: found.args,
  env: { ...process.env, ...found.env },
})

function judgeField(name: string, rounds: readonly FieldRound[]): BenchResult[] {
  const against = (read: (round: FieldRound) => number, ceiling: (round: FieldRound) => number) =>
    rounds.map((round) => ({ value: read(round), ceiling: ceiling(round) }))
  const idle = (round: FieldRound): number => round.idleFps
  return [
    judge(
      `heatmap-${name}-fps`,
      'fps',
      against(({ aside }) => aside.fps, idle),
      {
        text: `>= ${BARS.idleShare} of an idle page`,
        holds: (_value, ratio) => ratio >= BARS.idleShare,
      },
    ),
    judge(
      `heatmap-${name}-p99`,
      'ms main thread',
      against(
        ({ aside }) => aside.p99Ms,
        () => BARS.p99Ms,
      ),
      {
        text: `p99 <= ${BARS.p99Ms} ms per frame`,
        holds: (value) => value <= BARS.p99Ms,
      },
    ),
    judge(
      `heatmap-${name}-median`,
      'ms main thread',
      against(
        ({ aside }) => aside.medianMs,
        () => 1_000 / 60,
      ),
      {
        text: 'informative: median per frame beside the period',
        holds: null,
      },
    ),
    judge(
      `heatmap-${name}-whole`,
      'whole pictures/s',
      against(({ aside }) => aside.wholePerS, idle),
      {
        text: 'informative: pictures in which every cell is new',
        holds: null,
      },
    ),
    judge(
      `heatmap-${name}-p99-without-worker`,
      'ms main thread',
      against(
        ({ here }) => here.p99Ms,
        () => BARS.p99Ms,
      ),
      {
        text: 'informative: the page draws itself, decoding not included',
        holds: null,
      },
    ),
  ]
}

try {
  const tab = await browser.newPage({ viewport: { width: 1_280, height: 800 } })
  tab.on('pageerror', (error) => process.stderr.write(`${error.message}\n`))
  await tab.goto(server.url)
  await tab.waitForFunction(() => 'measureHeatmap' in globalThis)
  const results: BenchResult[] = []
  for (const { name, layers, seeds } of FIELDS) {
    const rounds: FieldRound[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const figures = await tab.evaluate(
        ([l, s, ms]) => (globalThis as unknown as { measureHeatmap: typeof measure }).measureHeatmap(l!, s!, ms!),
        [layers, seeds, ROUND_MS],
      )
      // The first round warms the compiler up.
      if (round > 0) rounds.push(figures)
    }
    results.push(...judgeField(name, rounds))
  }
  finish(results)
} finally {
  await browser.close()
  server.stop()
}
