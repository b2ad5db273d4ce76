/*
 * Alerts from a real cause to its end: a frozen trainer, acknowledged with one key, noted, taken back, cleared by real recovery.
 * In: the product with its trainer, whose process the runner's file names. Out: what operators see, alone and two at once.
 * Invariant: no alert is made by hand: a process is stopped (SIGSTOP) and goes on; what the page says, the API says too.
 * Source: docs/ux.md "pages: alerts", "pages: rules"; docs/alerts.md.
 */
import { readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { expect, test, type Browser, type Locator, type Page } from '@playwright/test'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertList } from '../../lib/contracts/httpAlerts.ts'
import type { RuleList } from '../../lib/contracts/httpRules.ts'
import { findViolations } from './actions.ts'

const dataDir = process.env['E2E_DATA_DIR'] ?? path.join(tmpdir(), `morphoscope-e2e-${userInfo().uid}`)
const GAP = 'telemetry_gap'

function signalTrainer(signal: 'SIGSTOP' | 'SIGCONT'): void {
  const { trainer } = JSON.parse(readFileSync(path.join(dataDir, 'processes.json'), 'utf8')) as { trainer: number }
  process.kill(trainer, signal)
}

async function alertsOf(page: Page, query: string): Promise<readonly AlertItem[]> {
  return ((await (await page.request.get(`/api/alerts?${query}`)).json()) as AlertList).alerts
}

/** An alert that flaps stays active over a short recovery, with its acknowledgement: it is taken back, so that each test begins alike. */
async function takeBackAcks(page: Page): Promise<void> {
  const origin = new URL(test.info().project.use.baseURL!).origin
  for (const { id, version, seq, state } of await alertsOf(page, `state=acked&rule=${GAP}`))
    if (state === 'acked_active')
      await page.request.post(`/api/alerts/${id}/unack`, {
        headers: { origin, 'idempotency-key': crypto.randomUUID() },
        data: { version, seq, reason: 'the next test begins' },
      })
}

interface LayersAnswer {
  readonly layers: readonly { readonly freshness: string; readonly age_ms: number | null }[]
}
const layersOf = async (page: Page): Promise<LayersAnswer> =>
  (await (await page.request.get('/api/layers')).json()) as LayersAnswer

/** By then the gap is as severe as it gets, 20 intervals, also where one that flaps stayed active since the test before. */
const AS_BAD_AS_IT_GETS_MS = 15_000

/** Freezes the trainer until each of its layers has an alert as severe as it gets: a rise would ask again. */
async function freezeUntilRaised(page: Page): Promise<void> {
  await expect
    .poll(() => layersOf(page), { timeout: 60_000 })
    .toMatchObject({ layers: [{ freshness: 'fresh' }, { freshness: 'fresh' }, { freshness: 'fresh' }] })
  signalTrainer('SIGSTOP')
  await expect
    .poll(async () => Math.min(...(await layersOf(page)).layers.map(({ age_ms: ageMs }) => ageMs ?? 0)), {
      timeout: 60_000,
    })
    .toBeGreaterThan(AS_BAD_AS_IT_GETS_MS)
  await expect
    .poll(
      async () => {
        await takeBackAcks(page)
        const open = await alertsOf(page, `state=open&rule=${GAP}&severity=critical`)
        return open.filter((one) => one.state === 'unacked_active').length
      },
      { timeout: 60_000 },
    )
    .toBe(3)
}

const list = (page: Page): Locator => page.getByRole('region', { name: /^Alerts\. j and k/ })
const rows = (page: Page, words: RegExp): Locator => list(page).getByRole('button', { name: words })

/** A page of its own for one of the two operators of the demo. */
async function openAs(browser: Browser, base: string, operator: string, url: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: base })).newPage()
  await page.goto('/alerts')
  const origin = new URL(page.url()).origin
  const chosen = await page.request.post('/api/session/demo', { headers: { origin }, data: { operator } })
  expect(chosen.ok()).toBe(true)
  await page.goto(url)
  return page
}

test.describe.configure({ mode: 'serial' })
test.afterEach(() => signalTrainer('SIGCONT'))

test('a frozen trainer raises an alert that is acknowledged with a, noted, taken back, and cleared by recovery', async ({
  page,
}) => {
  test.setTimeout(240_000)
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await freezeUntilRaised(page)
  await page.goto(`/alerts?rule=${GAP}`)
  await expect(rows(page, /not acknowledged/)).toHaveCount(3)
  // The header of every page knows.
  await expect(page.getByRole('banner').getByRole('link', { name: /^Alerts.*\d/ })).toBeVisible()

  await page.getByRole('main').focus()
  await page.keyboard.press('j')
  await expect(page.getByRole('region', { name: 'Evidence' })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'First actions' })).toBeVisible()
  await page.keyboard.press('A')
  await page.getByRole('textbox', { name: /^Note on/ }).fill('looking at it')
  await page.keyboard.press('Enter')
  await expect(rows(page, /demo-1 .*ago.*: looking at it/)).toHaveCount(1)
  await expect(page.getByRole('list').filter({ hasText: 'demo-1 ack' })).toBeVisible()
  const noted = (await alertsOf(page, `state=acked&rule=${GAP}`))[0]!
  expect(noted).toMatchObject({ acked_by: 'demo-1', note: 'looking at it', cleared_at: null })

  // One more, and taken back within its ten seconds.
  await page.keyboard.press('j')
  await page.keyboard.press('a')
  await expect(page.getByRole('button', { name: /^Undo/ })).toBeVisible()
  await page.keyboard.press('z')
  await expect.poll(async () => (await alertsOf(page, `state=acked&rule=${GAP}`)).length).toBe(1)
  await expect(rows(page, /not acknowledged/)).toHaveCount(2)

  // g a leads to the page and acknowledges nothing.
  await page.keyboard.press('g')
  await page.keyboard.press('a')
  await expect(page).toHaveURL(/\/alerts(\?(?!.*rule=).*)?$/)
  expect((await alertsOf(page, `state=acked&rule=${GAP}`)).length).toBe(1)
  await page.goto(`/alerts?rule=${GAP}`)
  await expect(rows(page, /not acknowledged/)).toHaveCount(2)
  expect(await findViolations(page)).toEqual([])

  signalTrainer('SIGCONT')
  await expect
    .poll(async () => (await alertsOf(page, `state=history&rule=${GAP}`)).map(({ id }) => id), { timeout: 60_000 })
    .toContain(noted.id)
  // Over, and still there for who has not seen it; nothing cleared it from sight.
  await expect(rows(page, /returned to normal, not seen/)).toHaveCount(2)
  expect(errors).toEqual([])
})

test('words are typed into the filter one letter after the other, and none of them is an act on an alert', async ({
  page,
}) => {
  await freezeUntilRaised(page)
  const posted: string[] = []
  page.on('request', (asked) => asked.method() === 'POST' && posted.push(asked.url()))
  // Of this rule alone: what other tests left open is not told here.
  await page.goto(`/alerts?rule=${GAP}`)
  await expect(rows(page, /not acknowledged/).first()).toBeVisible()
  const words = page.getByRole('searchbox', { name: 'Words in the alert' })
  await words.click()
  // Each of them is a key of the page or of its frame: acknowledge, shelve, theme, open, select.
  for (const letter of 'astoxe') {
    await page.keyboard.press(letter)
    await expect(page.getByText('No alert fits the filters.').or(rows(page, /not acknowledged/).first())).toBeVisible()
    await expect(words).toBeFocused()
  }
  await expect(words).toHaveValue('astoxe')
  await expect(page).toHaveURL(/\/alerts\?.*q=astoxe/)
  expect(posted).toEqual([])
  await words.fill('')
  await expect(rows(page, /not acknowledged/)).toHaveCount(3)
  expect(await alertsOf(page, `state=acked&rule=${GAP}`)).toEqual([])
})

test('two operators acknowledge the same alert at once: one wins, the other is told who, and may add a note', async ({
  browser,
  page,
  baseURL,
}) => {
  test.setTimeout(180_000)
  await freezeUntilRaised(page)
  const wanted = (await alertsOf(page, `state=open&rule=${GAP}`)).find((one) => one.state === 'unacked_active')!
  const first = await openAs(browser, baseURL!, 'demo-1', `/alerts?rule=${GAP}#${wanted.id}`)
  const second = await openAs(browser, baseURL!, 'demo-2', `/alerts?rule=${GAP}#${wanted.id}`)
  // The second one's press is on a slow line: it arrives after the first one's.
  let letGo = (): void => undefined
  const late = new Promise<void>((resolve) => (letGo = resolve))
  await second.route('**/api/alerts/*/ack', async (route) => {
    await late
    await route.continue()
  })
  for (const one of [first, second]) {
    await expect(one.getByRole('button', { name: /^Acknowledge a$/ })).toBeVisible()
    await one.getByRole('main').focus()
  }
  await second.keyboard.press('a')
  await expect(rows(second, /demo-2, acknowledging/)).toHaveCount(1)
  await first.keyboard.press('a')
  await expect(rows(first, /demo-1 .* ago/)).toHaveCount(1)
  letGo()
  await expect(second.getByText(/demo-1 acknowledged .* before you/).first()).toBeVisible()
  await second.getByRole('button', { name: 'Add a note' }).click()
  await second.getByRole('textbox', { name: /^Note on/ }).fill('I had seen it too')
  await second.keyboard.press('Enter')
  await expect
    .poll(async () => (await alertsOf(page, `state=acked&rule=${GAP}`)).find(({ id }) => id === wanted.id))
    .toMatchObject({ acked_by: 'demo-1', note: 'I had seen it too' })
  for (const one of [first, second]) await one.context().close()
})

test('an alert is shelved with two keys and comes back from its list; a phone acknowledges by touch', async ({
  browser,
  page,
  baseURL,
}) => {
  test.setTimeout(180_000)
  await freezeUntilRaised(page)
  await page.goto(`/alerts?rule=${GAP}`)
  await expect(rows(page, /not acknowledged/)).toHaveCount(3)
  await page.getByRole('main').focus()
  await page.keyboard.press('j')
  await page.keyboard.press('s')
  await expect(page.getByRole('group', { name: /^Shelve .* for how long/ })).toBeVisible()
  await page.keyboard.press('1')
  await expect.poll(async () => (await alertsOf(page, `state=shelved&rule=${GAP}`)).length).toBe(1)
  await page.getByRole('tab', { name: /^Shelved/ }).click()
  await expect(rows(page, /shelved until \d\d:\d\d UTC by demo-1/)).toHaveCount(1)
  await page.getByRole('button', { name: /^Unshelve: / }).click()
  await expect.poll(async () => (await alertsOf(page, `state=shelved&rule=${GAP}`)).length).toBe(0)

  const phone = await (
    await browser.newContext({
      ...(baseURL === undefined ? {} : { baseURL }),
      viewport: { width: 360, height: 780 },
      hasTouch: true,
      isMobile: true,
    })
  ).newPage()
  await phone.goto(`/alerts?rule=${GAP}`)
  const ack = phone.getByRole('button', { name: /^Ack: / })
  await expect(ack).toHaveCount(3)
  expect(await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(
    0,
  )
  // A finger that goes down scrolls; one that goes right acknowledges.
  const box = (await rows(phone, /not acknowledged/)
    .first()
    .boundingBox())!
  const touch = await phone.context().newCDPSession(phone)
  const finger = async (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number, y: number): Promise<void> => {
    const touchPoints = type === 'touchEnd' ? [] : [{ x, y }]
    await touch.send('Input.dispatchTouchEvent', { type, touchPoints })
  }
  const [x, y] = [box.x + 30, box.y + box.height / 2]
  await finger('touchStart', x, y)
  for (let way = 10; way <= 180; way += 10) await finger('touchMove', x + way, y)
  await finger('touchEnd', 0, 0)
  await expect.poll(async () => (await alertsOf(page, `state=acked&rule=${GAP}`)).length).toBe(1)
  await expect(ack).toHaveCount(2)
  // The browser itself makes no click of a touch that follows a swipe within a third of a second: no finger is as quick.
  await phone.waitForTimeout(500)
  await ack.first().tap()
  await expect.poll(async () => (await alertsOf(page, `state=acked&rule=${GAP}`)).length).toBe(2)
  expect(await findViolations(phone)).toEqual([])
  await phone.context().close()
})

test('a rule is read, tried on the past, changed from its version, and taken back to how it was shipped', async ({
  page,
}) => {
  await page.goto('/rules#dead_chunk')
  const rule = page.getByRole('region', { name: 'Dead chunk' })
  await expect(rule).toContainText('Raises when')
  await expect(rule).toContainText(/clear below/)
  const field = rule.getByRole('textbox', { name: /^dead units at least/ })
  await field.fill('7')
  await expect(rule.getByText(/accepted is 0 to 1/)).toBeVisible()
  await field.fill('0.8')
  const save = rule.getByRole('button', { name: /^Save as version/ })
  await expect(save).toBeDisabled()
  await rule.getByRole('button', { name: 'Try on the past' }).click()
  await expect(rule.getByText(/would (not )?have fired|could be judged/)).toBeVisible()
  await save.click()
  await expect(rule.getByText(/^Saved as version \d+/)).toBeVisible()
  await page.reload()
  await expect(rule.getByRole('textbox', { name: /^dead units at least/ })).toHaveValue('0.8')
  await rule.getByRole('button', { name: /^Back to how it was shipped/ }).click()
  const guard = rule.getByRole('region', { name: 'Back to how it was shipped' })
  for (const box of await guard.getByRole('checkbox').all()) await box.check()
  await guard.getByRole('textbox', { name: /^Type/ }).fill('dead_chunk')
  await guard.getByRole('button', { name: 'Back to how it was shipped' }).click()
  await expect(rule.getByRole('textbox', { name: /^dead units at least/ })).toHaveValue('1')
  expect(await findViolations(page)).toEqual([])
})

test('an old version of a rule is taken up again as the next one; two persons delete it, and who asked can not', async ({
  browser,
  baseURL,
}) => {
  const first = await openAs(browser, baseURL!, 'demo-1', '/rules')
  const { rules } = (await (await first.request.get('/api/rules')).json()) as RuleList
  const {
    version: _v,
    shipped: _s,
    protected: _p,
    saved_at: _a,
    saved_by: _b,
    change: _c,
    ...like
  } = rules.find(({ id }) => id === 'inbound')!
  const id = `two_persons_${Date.now()}`
  const headers = { origin: new URL(first.url()).origin }
  const mine = { ...like, id, title: 'Of two persons', note: 'first words' }
  expect((await first.request.post('/api/rules', { headers, data: mine })).status()).toBe(201)
  const second = { ...mine, note: 'second words', version: 1 }
  expect((await first.request.put(`/api/rules/${id}`, { headers, data: second })).ok()).toBe(true)
  await first.goto(`/rules#${id}`)
  const rule = first.getByRole('region', { name: 'Of two persons' })
  await rule.getByText('Versions', { exact: true }).click()
  await expect(rule.getByRole('listitem').filter({ hasText: 'holds now' })).toContainText('by demo-1')
  await rule.getByRole('button', { name: 'Take version 1 up again' }).click()
  await rule.getByRole('button', { name: 'Save as version 3' }).click()
  await expect(rule.getByText(/^Saved as version 3/)).toBeVisible()
  expect(await (await first.request.get(`/api/rules/${id}`)).json()).toMatchObject({ version: 3, note: 'first words' })

  await rule.getByRole('button', { name: 'Delete the rule…' }).click()
  const guard = rule.getByRole('region', { name: 'Delete the rule' })
  for (const box of await guard.getByRole('checkbox').all()) await box.check()
  await guard.getByRole('textbox', { name: /^Type/ }).fill(id)
  const ask = guard.getByRole('button', { name: 'Ask a second person to delete it' })
  await expect(ask).toBeDisabled()
  await guard.getByRole('textbox', { name: 'Why' }).fill('nobody reads it')
  await ask.click()
  const waits = rule.getByRole('region', { name: 'Waits to be deleted' })
  await expect(waits).toContainText('demo-1 asked for it: nobody reads it')
  await expect(waits.getByRole('button', { name: /as the second person/ })).toHaveCount(0)
  expect(await findViolations(first)).toEqual([])

  const other = await openAs(browser, baseURL!, 'demo-2', `/rules#${id}`)
  await other
    .getByRole('region', { name: 'Waits to be deleted' })
    .getByRole('button', { name: 'Delete it, as the second person' })
    .click()
  await expect.poll(async () => (await other.request.get(`/api/rules/${id}`)).status()).toBe(404)
  for (const one of [first, other]) await one.context().close()
})
