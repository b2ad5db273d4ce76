/*
 * alertStorm.bench: keys and clicks of a real browser while 10,000 alerts a minute pour in; none of them lost, no critical one hidden.
 * In: --per-minute N, --seconds N (of each page, 60), --trace FILE, --json FILE. Out: ms from press to listener per page: p50, p95, max
 *   with their spread over the rounds; what was lost, which critical alert stands in no list.
 * Invariant: all of it is the product: its trainer, its Redis, its web server, the production build; the storm goes through the bus at its
 *   pace; the bar is for the longest wait of all, not for a median; what was sent is looked for by name afterwards.
 * Source: docs/performance.md "alert storm"; docs/alerts.md "measured".
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Browser, type Page } from '@playwright/test'
import type { AlertItem } from '../lib/contracts/alerts.ts'
import type { AlertList } from '../lib/contracts/httpAlerts.ts'
import { findChromium } from '../scripts/chromium.mjs'
import { startTourProduct, until } from '../scripts/tour/tourProduct.ts'
import {
  finish,
  judge,
  judgeCount,
  judgeOnce,
  numberFlag,
  say,
  textFlag,
  type BenchResult,
} from './support/benchReport.ts'
import { takeInputs, watchInputs, type Inputs } from './support/inputDelay.ts'
import { shareOf } from './support/mainThread.ts'
import { rowsInList, turnOnAlerts, turnOnLive } from './support/stormActs.ts'
import { startStormSender, type StormSender } from './support/stormSender.ts'

const PER_MINUTE = numberFlag('per-minute', 10_000)
const SECONDS = numberFlag('seconds', 60)
const TRACE = textFlag('trace')
const ROUNDS = 6
const BAR_MS = 100
const SETTLE_MS = 3_000

const product = await startTourProduct({})
const ask = async (query: string): Promise<AlertList> => {
  const answer = await fetch(`${product.url}/api/alerts?${query}`)
  if (!answer.ok) throw new Error(`/api/alerts answered ${answer.status}`)
  return (await answer.json()) as AlertList
}

/** Everything a list holds, page by page. */
async function walk(query: string): Promise<readonly AlertItem[]> {
  const found = new Map<string, AlertItem>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const list: AlertList = await ask(`${query}&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
    for (const alert of list.alerts) found.set(alert.id, alert)
    cursor = list.next
  }
  return [...found.values()]
}

async function open(browser: Browser, path: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } })
  const page = await context.newPage()
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
  await watchInputs(page)
  await page.goto(product.url + path)
  await page.locator('main').waitFor()
  await sleep(SETTLE_MS)
  return page
}

/** A storm on one page: `turn` after `turn` while it lasts, its inputs taken in rounds of equal length. */
async function weather(
  name: string,
  page: Page,
  storm: StormSender,
  turn: (page: Page, count: number) => Promise<void>,
): Promise<readonly Inputs[]> {
  await turn(page, 0)
  await takeInputs(page)
  const blown = storm.blow(PER_MINUTE, SECONDS * 1_000)
  const fromMs = performance.now()
  const rounds: Inputs[] = []
  for (let count = 1; rounds.length < ROUNDS; count++) {
    await turn(page, count)
    if (performance.now() - fromMs < ((rounds.length + 1) * SECONDS * 1_000) / ROUNDS) continue
    const inputs = await takeInputs(page)
    rounds.push(inputs)
    const sorted = inputs.delays.toSorted((a, b) => a - b)
    const [p50, p95, most] = [shareOf(sorted, 0.5), shareOf(sorted, 0.95), sorted.at(-1) ?? Number.NaN]
    say(
      `  ${name}, round ${rounds.length}: ${inputs.counted} inputs, p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, longest ${most.toFixed(1)} ms; to the picture ${Math.max(0, ...inputs.durations)} ms at most`,
    )
    for (const line of inputs.worst.slice(0, 2)) say(`    ${line}`)
  }
  const { sent, tookMs } = await blown
  const pace = Math.round((sent / tookMs) * 60_000)
  say(`  ${name}: ${sent} alerts in ${(tookMs / 1_000).toFixed(1)} s, ${pace.toLocaleString('en-US')} a minute`)
  return rounds
}

function judgePage(name: string, rounds: readonly Inputs[]): BenchResult[] {
  const share = (of: (one: Inputs) => readonly number[], part: number) =>
    rounds.map((one) => ({
      value: shareOf(
        of(one).toSorted((a, b) => a - b),
        part,
      ),
      ceiling: BAR_MS,
    }))
  const told = { text: 'told, not judged', holds: null }
  const all = rounds.flatMap((one) => one.delays)
  return [
    judge(
      `${name}-input-delay-p50`,
      'ms',
      share((one) => one.delays, 0.5),
      told,
    ),
    judge(
      `${name}-input-delay-p95`,
      'ms',
      share((one) => one.delays, 0.95),
      told,
    ),
    judge(
      `${name}-input-delay-longest-per-round`,
      'ms',
      share((one) => one.delays, 1),
      told,
    ),
    judgeOnce(
      `${name}-input-delay-longest`,
      'ms',
      { value: Math.max(...all), samples: all.length },
      { text: `< ${BAR_MS} ms`, limit: BAR_MS },
    ),
    judge(
      `${name}-to-the-picture-p95`,
      'ms, of inputs of 16 ms and more',
      share((one) => one.durations, 0.95),
      told,
    ),
  ]
}

const nameOf = (alert: AlertItem): string => `${alert.layer_id}/${alert.seed_id}`

/** What was sent and stands nowhere, critical alerts that are open and not on the page, and those behind one that is not critical. */
async function lookFor(page: Page, storm: StormSender): Promise<BenchResult[]> {
  const known = await until('all that was sent', 60_000, async () => {
    const all = await walk('state=all&rule=inbound')
    return all.length >= storm.sent.size ? all : null
  }).catch(() => walk('state=all&rule=inbound'))
  const names = new Set(known.map(nameOf))
  const lost = [...storm.sent].filter((name) => !names.has(name))
  const open = await walk('state=open&rule=inbound')
  const wanted = open.filter((alert) => alert.severity === 'critical')
  const first = open.slice(0, wanted.length).filter((alert) => alert.severity !== 'critical')
  const critical = known.filter((alert) => alert.severity === 'critical').map(nameOf)
  const missing = [...storm.critical].filter((name) => !critical.includes(name))
  await page.reload()
  await page.locator('.alert-row').first().waitFor()
  const rows = await rowsInList(page)
  const hidden = wanted.filter((alert) => !rows.has(alert.id))
  const { counts, groups, engine } = await ask('state=open&limit=1')
  const stormGroups = groups.filter(({ rule }) => rule === 'inbound').length
  say(
    `  sent ${storm.sent.size}, ${storm.critical.size} of them critical; kept ${known.length}, open ${counts.open} in ${stormGroups} groups, ${wanted.length} critical ones open, ${rows.size} rows on the page`,
  )
  return [
    judgeCount('alert-storm-lost', lost.length, 0),
    judgeCount('alert-storm-counted-instead-of-kept', engine.folded, 0),
    judgeCount('alert-storm-critical-lost', missing.length, 0),
    judgeCount('alert-storm-critical-behind-another', first.length, 0),
    judgeCount('alert-storm-critical-without-a-row', hidden.length, 0),
  ]
}

const found = await findChromium()
const browser = await chromium.launch({
  executablePath: found.executablePath,
  args: found.args,
  env: { ...(process.env as Record<string, string>), ...found.env },
})
const storm = await startStormSender(product.redisUrl)
try {
  await until('the first seeds', 60_000, async () => {
    const { seeds } = (await (await fetch(`${product.url}/api/overview`)).json()) as { readonly seeds: number }
    return seeds > 0 || null
  })
  const alerts = await open(browser, '/alerts')
  if (TRACE !== null)
    await browser.startTracing(alerts, { categories: ['devtools.timeline', 'v8.execute', 'toplevel'] })
  const onAlerts = await weather('alerts', alerts, storm, turnOnAlerts)
  if (TRACE !== null) writeFileSync(TRACE, await browser.stopTracing())
  await alerts.goto('about:blank')
  const live = await open(browser, '/')
  const onLive = await weather('live', live, storm, turnOnLive)
  await live.context().close()
  await alerts.goto(`${product.url}/alerts`)
  finish([...judgePage('alerts', onAlerts), ...judgePage('live', onLive), ...(await lookFor(alerts, storm))])
} finally {
  await storm.stop()
  await browser.close()
  await product.stop()
}
