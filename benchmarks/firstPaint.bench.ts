/*
 * firstPaint.bench: how long an operator waits for the first living seeds, and what script that costs, on the production build.
 * In: --rounds N, --json FILE. Out: ms from navigation to the first picture with data, cold (empty cache) and warm (a second visit),
 *   and compressed bytes of script of the live page.
 * Invariant: a browser context of its own per round; the time is taken inside the page, when the seeds' grid holds its first frame.
 * Source: docs/performance.md "first paint"; docs/ux.md "budgets".
 */
import { chromium, type Browser, type Page } from '@playwright/test'
import { findChromium } from '../scripts/chromium.mjs'
import { startTourProduct, until } from '../scripts/tour/tourProduct.ts'
import { finish, judge, numberFlag } from './support/benchReport.ts'

const ROUNDS = numberFlag('rounds', 7)
const BARS = { coldMs: 1_500, warmMs: 500, scriptBytes: 250 * 1_024 }
const SETTLE_MS = 1_500

interface Visit {
  readonly usefulMs: number
  readonly paintMs: number
  readonly scriptBytes: number
}

/** Runs in the page before anything else: notes when the grid of seeds first stands beside a measured age. */
function watchForSeeds(): void {
  const place = globalThis as unknown as { usefulMs?: number }
  const look = (): void => {
    const age = document.querySelector('[role=grid]') && /\d+\/\d+ layers fresh/.test(document.body.innerText)
    if (age && place.usefulMs === undefined)
      // The picture is on the screen after the next frame.
      requestAnimationFrame(() => requestAnimationFrame(() => (place.usefulMs ??= performance.now())))
    else if (place.usefulMs === undefined) setTimeout(look, 10)
  }
  setTimeout(look, 0)
}

async function visit(tab: Page, url: string): Promise<Visit> {
  let scriptBytes = 0
  const scripts = new Set<string>()
  const cdp = await tab.context().newCDPSession(tab)
  await cdp.send('Network.enable')
  cdp.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId))
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) scriptBytes += encodedDataLength
  })
  await tab.goto(url)
  await tab.waitForFunction(() => (globalThis as unknown as { usefulMs?: number }).usefulMs !== undefined)
  const times = await tab.evaluate(() => ({
    usefulMs: (globalThis as unknown as { usefulMs: number }).usefulMs,
    paintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  }))
  // Chunks that are fetched after the first picture are not part of what it waited for, and are counted all the same.
  await tab.waitForTimeout(SETTLE_MS)
  await cdp.detach()
  return { ...times, scriptBytes }
}

async function round(browser: Browser, url: string): Promise<{ readonly cold: Visit; readonly warm: Visit }> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } })
  try {
    await context.addInitScript(watchForSeeds)
    const tab = await context.newPage()
    const cold = await visit(tab, url)
    return { cold, warm: await visit(tab, url) }
  } finally {
    await context.close()
  }
}

const product = await startTourProduct({})
const found = await findChromium()
const browser = await chromium.launch({
  executablePath: found.executablePath,
  args: found.args,
  env: { ...(process.env as Record<string, string>), ...found.env },
})
try {
  await until('the first seeds', 60_000, async () => {
    const { seeds } = (await (await fetch(`${product.url}/api/overview`)).json()) as { seeds: number }
    return seeds > 0 || null
  })
  await round(browser, product.url)
  const rounds: { cold: Visit; warm: Visit }[] = []
  for (let at = 0; at < ROUNDS; at++) rounds.push(await round(browser, product.url))
  const against = (read: (one: (typeof rounds)[number]) => number, ceiling: number) =>
    rounds.map((one) => ({ value: read(one), ceiling }))
  finish([
    judge(
      'first-useful-paint-cold',
      'ms',
      against(({ cold }) => cold.usefulMs, BARS.coldMs),
      { text: `< ${BARS.coldMs} ms with an empty cache`, holds: (value) => value < BARS.coldMs },
    ),
    judge(
      'first-useful-paint-warm',
      'ms',
      against(({ warm }) => warm.usefulMs, BARS.warmMs),
      { text: `< ${BARS.warmMs} ms on a second visit`, holds: (value) => value < BARS.warmMs },
    ),
    judge(
      'first-contentful-paint-cold',
      'ms',
      against(({ cold }) => cold.paintMs, BARS.coldMs),
      { text: 'informative: the frame of the page', holds: null },
    ),
    judge(
      'live-page-script',
      'bytes, compressed',
      against(({ cold }) => cold.scriptBytes, BARS.scriptBytes),
      { text: `<= ${BARS.scriptBytes} bytes`, holds: (value) => value <= BARS.scriptBytes },
    ),
  ])
} finally {
  await browser.close()
  await product.stop()
}
