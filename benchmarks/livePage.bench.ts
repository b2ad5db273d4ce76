/*
 * livePage.bench: the live page under load, all of it real: server process, Redis, load generator, Chromium, production build.
 * In: --rounds N, --minutes N (memory of the server), --json FILE. Out: frames against an idle page, main-thread ms per frame, time of
 *   the drill-down to a layer, growth of the server's memory.
 * Invariant: idle page and live page alternate under the same load; every figure is taken inside the page or from the browser's trace.
 * Source: docs/performance.md "live page"; docs/ux.md "budgets".
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Browser, type Page } from '@playwright/test'
import { findChromium } from '../scripts/chromium.mjs'
import { ROOT, localNode } from '../scripts/steps.mjs'
import { startTourProduct, until, type TourProduct } from '../scripts/tour/tourProduct.ts'
import { type BenchResult, finish, judge, judgeCount, judgeOnce, numberFlag, say } from './support/benchReport.ts'
import { mainThreadFrames, shareOf, TRACE_CATEGORIES } from './support/mainThread.ts'

const ROUNDS = numberFlag('rounds', 5)
const MINUTES = numberFlag('minutes', 10)
const LOADS = [
  { name: '1M-1hz', layers: 100, seeds: 10_000, hz: 1 },
  { name: '10k-60hz', layers: 10, seeds: 1_000, hz: 60 },
] as const
const BARS = { idleShare: 0.97, p99Ms: 4, drillMs: 300, growthPer10Min: 0.03 }
const IDLE_MS = 3_000
const LIVE_MS = 8_000
const SETTLE_MS = 2_000
/** The history of a server is a ring of fixed size that fills once: it is made short, and the slope is taken when it is full. */
const HISTORY_S = 60
const WARM_MS = HISTORY_S * 1_500
const SAMPLE_MS = 2_000

type Load = (typeof LOADS)[number]
interface LiveRound {
  readonly idleFps: number
  readonly liveFps: number
  readonly cpuP99Ms: number
  readonly cpuMedianMs: number
  readonly wallP99Ms: number
  readonly drillMs: number
  readonly lost: number
}

/** Frames of the screen per second, counted in the page; marks for the trace around it. */
const countFrames = (page: Page, ms: number): Promise<number> =>
  page.evaluate(
    (wantedMs) =>
      new Promise<number>((resolve) => {
        let firstMs = 0
        let frames = -1
        const step = (nowMs: number): void => {
          if (frames < 0) {
            firstMs = nowMs
            performance.mark('bench-from')
          }
          frames++
          if (nowMs - firstMs < wantedMs) return void requestAnimationFrame(step)
          performance.mark('bench-to')
          resolve((frames * 1_000) / (nowMs - firstMs))
        }
        requestAnimationFrame(step)
      }),
    ms,
  )

async function openLive(browser: Browser, url: string, load: Load): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } })
  const page = await context.newPage()
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
  await page.goto(url)
  await page.getByText(`${load.layers}/${load.layers} layers fresh`).waitFor()
  await page.waitForTimeout(SETTLE_MS)
  return page
}

/** From the key that follows the link to a layer until its rows stand on the screen, ms. */
async function drillDown(page: Page): Promise<number> {
  const grid = page.getByRole('grid', { name: /Seeds by layer/ })
  await grid.click({ position: { x: 400, y: 60 } })
  const link = page.getByRole('complementary', { name: /^Seed / }).getByRole('link', { name: 'Layer', exact: true })
  await link.waitFor()
  return link.evaluate(
    (element) =>
      new Promise<number>((resolve) => {
        const fromMs = performance.now()
        const look = (): void => {
          if (document.querySelectorAll('main tr, main [role=row]').length < 12) return void requestAnimationFrame(look)
          // The rows are on the screen after the next frame.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - fromMs)))
        }
        ;(element as HTMLAnchorElement).click()
        requestAnimationFrame(look)
      }),
  )
}

async function round(browser: Browser, url: string, load: Load): Promise<LiveRound> {
  const idle = await browser.newPage()
  await idle.goto('about:blank')
  const idleFps = await countFrames(idle, IDLE_MS)
  await idle.context().close()
  const page = await openLive(browser, url, load)
  try {
    await browser.startTracing(page, { categories: TRACE_CATEGORIES })
    const liveFps = await countFrames(page, LIVE_MS)
    const { cpuMs, wallMs } = mainThreadFrames(await browser.stopTracing(), 'bench-from', 'bench-to')
    const said = await page.getByText(/skipped, [\d,]+ lost|none lost/).innerText()
    const lost = Number(/([\d,]+) lost/.exec(said)?.[1]?.replaceAll(',', '') ?? 0)
    const drillMs = await drillDown(page)
    const figures = {
      cpuP99Ms: shareOf(cpuMs, 0.99),
      cpuMedianMs: shareOf(cpuMs, 0.5),
      wallP99Ms: shareOf(wallMs, 0.99),
    }
    return { idleFps, liveFps, ...figures, drillMs, lost }
  } finally {
    await page.context().close()
  }
}

async function startLoad(
  product: TourProduct,
  load: Load,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const flags = ['--layers', load.layers, '--seeds', load.seeds, '--hz', load.hz, '--redis', product.redisUrl]
  const child = spawn(localNode(), [path.join(ROOT, 'scripts', 'loadgen.ts'), ...flags.map(String)], {
    stdio: 'ignore',
  })
  const run = await until('the load', 30_000, async () => {
    const { runs } = (await (await fetch(`${product.url}/api/runs`)).json()) as {
      readonly runs: readonly { readonly run_id: string; readonly seeds: number; readonly keeping: string }[]
    }
    return runs.find((one) => one.keeping === 'live' && one.seeds === load.layers * load.seeds) ?? null
  })
  return { child, url: `${product.url}/?run=${encodeURIComponent(run.run_id)}` }
}

const statusOf = (pid: number, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** The processes of the server: the one that answers, and those that its supervisor started beside it. */
function serverPids(pid: number): readonly number[] {
  const parent = statusOf(pid, 'PPid')
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number)
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('server/main.ts'))
}

const rssMb = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + statusOf(pid, 'VmRSS'), 0) / 1_024

interface Growth {
  readonly growth: number
  readonly meanMb: number
  readonly samples: number
}

/** Least squares: growth over ten minutes as a share of the mean. */
function growthOf(samples: readonly { readonly ms: number; readonly mb: number }[]): Growth {
  const mean = (read: (one: (typeof samples)[number]) => number) =>
    samples.reduce((sum, one) => sum + read(one), 0) / samples.length
  const [meanMs, meanMb] = [mean((one) => one.ms), mean((one) => one.mb)]
  const slope =
    samples.reduce((sum, one) => sum + (one.ms - meanMs) * (one.mb - meanMb), 0) /
    samples.reduce((sum, one) => sum + (one.ms - meanMs) ** 2, 0)
  return { growth: (slope * 600_000) / meanMb, meanMb, samples: samples.length }
}

async function measureMemory(product: TourProduct): Promise<Growth> {
  const { pid } = (await (await fetch(`${product.url}/api/health/live`)).json()) as { readonly pid: number }
  const pids = serverPids(pid)
  await sleep(WARM_MS)
  const samples: { ms: number; mb: number }[] = []
  const fromMs = performance.now()
  while (performance.now() - fromMs < MINUTES * 60_000) {
    samples.push({ ms: performance.now() - fromMs, mb: rssMb(pids) })
    await sleep(SAMPLE_MS)
  }
  return growthOf(samples)
}

function judgeLoad(load: Load, rounds: readonly LiveRound[]): BenchResult[] {
  const against = (read: (one: LiveRound) => number, ceiling: (one: LiveRound) => number) =>
    rounds.map((one) => ({ value: read(one), ceiling: ceiling(one) }))
  const p99 = (): number => BARS.p99Ms
  return [
    judge(
      `live-page-${load.name}-frames`,
      'fps',
      against(
        (one) => one.liveFps,
        (one) => one.idleFps,
      ),
      { text: `>= ${BARS.idleShare} of an idle page`, holds: (_fps, ratio) => ratio >= BARS.idleShare },
    ),
    judge(
      `live-page-${load.name}-main-p99`,
      'ms CPU of the main thread per frame',
      against((one) => one.cpuP99Ms, p99),
      { text: `p99 <= ${BARS.p99Ms} ms`, holds: (ms) => ms <= BARS.p99Ms },
    ),
    judge(
      `live-page-${load.name}-main-p99-by-the-clock`,
      'ms of the main thread per frame',
      against((one) => one.wallP99Ms, p99),
      { text: 'informative: other processes of the machine included', holds: null },
    ),
    judge(
      `live-page-${load.name}-main-median`,
      'ms CPU of the main thread per frame',
      against((one) => one.cpuMedianMs, p99),
      { text: 'informative', holds: null },
    ),
    judge(
      `live-page-${load.name}-drill-down`,
      'ms',
      against(
        (one) => one.drillMs,
        () => BARS.drillMs,
      ),
      { text: `< ${BARS.drillMs} ms until the rows of a layer stand`, holds: (ms) => ms < BARS.drillMs },
    ),
    judgeCount(
      `live-page-${load.name}-frames-lost`,
      rounds.reduce((sum, one) => sum + one.lost, 0),
      0,
    ),
  ]
}

const product = await startTourProduct({ TRAINER: 'off', HISTORY_SECONDS: String(HISTORY_S) })
const found = await findChromium()
const browser = await chromium.launch({
  executablePath: found.executablePath,
  args: found.args,
  env: { ...(process.env as Record<string, string>), ...found.env },
})
const results: BenchResult[] = []
try {
  for (const load of LOADS) {
    const { child, url } = await startLoad(product, load)
    try {
      // The first visit warms caches and compilers up.
      await round(browser, url, load)
      const rounds: LiveRound[] = []
      for (let at = 0; at < ROUNDS; at++) {
        const one = await round(browser, url, load)
        rounds.push(one)
        say(
          `  ${load.name}, round ${at + 1}: ${one.liveFps.toFixed(1)} of ${one.idleFps.toFixed(1)} fps, main p99 ${one.cpuP99Ms.toFixed(2)} ms CPU (${one.wallP99Ms.toFixed(2)} by the clock), layer in ${one.drillMs.toFixed(0)} ms`,
        )
      }
      results.push(...judgeLoad(load, rounds))
      if (load.name === '1M-1hz') {
        const page = await openLive(browser, url, load)
        const { growth, meanMb, samples } = await measureMemory(product)
        await page.context().close()
        const percent = (growth * 100).toFixed(1)
        say(`  memory: ${percent} % in 10 minutes of ${meanMb.toFixed(0)} MB, taken over ${MINUTES} minutes`)
        results.push(
          judgeOnce(
            `live-page-${load.name}-server-memory`,
            'of its RSS in 10 minutes',
            { value: growth, samples },
            { text: `<= ${BARS.growthPer10Min}`, limit: BARS.growthPer10Min },
          ),
        )
      }
    } finally {
      child.kill('SIGINT')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
  }
  finish(results)
} finally {
  await browser.close()
  await product.stop()
}
