/*
 * The gesture of the emergency stop: what sends it, and everything that must not.
 * In: the product, a browser whose clock is held by the test. Out: the requests that left the page.
 * Invariant: only one continuous, trusted hold of 700 ms after a deliberate opening sends anything.
 * Source: docs/ux.md "emergency stop"; docs/commands.md.
 */
import { expect, test, type Page } from '@playwright/test'

/** Counts stops that leave the page; they are answered here, so that a test of gestures stops nothing. */
async function watchStops(page: Page): Promise<string[]> {
  const sent: string[] = []
  // The page would send it over its socket as well: that way is closed, or the test would stop the network.
  await page.addInitScript(() =>
    addEventListener('morphoscope:stop', (event) => event.stopImmediatePropagation(), { capture: true }),
  )
  await page.route('**/api/emergency-stop', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    sent.push(route.request().postData() ?? '')
    await route.fulfill({ status: 503, json: { detail: 'held back by the test', code: 'BUS_UNAVAILABLE' } })
  })
  return sent
}

const stopButton = (page: Page) => page.getByRole('button', { name: 'Emergency stop', exact: true })
const tray = (page: Page) => page.getByRole('group', { name: 'Emergency stop: hold what is to stop' })
const allTarget = (page: Page) => tray(page).getByRole('button', { name: /^STOP ALL/ })

async function openTray(page: Page): Promise<void> {
  await page.clock.install()
  await page.goto('/')
  await page.getByRole('main').waitFor()
  await stopButton(page).click()
  await expect(tray(page)).toBeVisible()
}

async function pressTarget(page: Page): Promise<void> {
  const box = await allTarget(page).boundingBox()
  await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2)
  await page.mouse.down()
}

test('opening sends nothing, a hold of 690 ms sends nothing and says so', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  // Of 690 ms none may be the test's own: the clock stands still but for what it is run.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_000))
  await pressTarget(page)
  await page.clock.runFor(690)
  await page.mouse.up()
  await expect(tray(page)).toContainText('Not sent: it was held for less than 0.7 s.')
  await page.clock.runFor(5_000)
  expect(sent).toEqual([])
})

test('a hold of 700 ms sends one stop of all, and says when it could not be sent', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  await pressTarget(page)
  await page.clock.runFor(720)
  await expect(page.getByRole('alert').filter({ hasText: 'NOT SENT: held back by the test' })).toBeVisible()
  await page.mouse.up()
  const first = JSON.parse(sent[0]!) as { scope: unknown; key: string }
  expect(first.scope).toBe('all')
  // Until it is taken it is sent again under the same key: one stop, however often.
  await page.clock.runFor(1_200)
  await expect.poll(() => sent.length).toBeGreaterThan(1)
  expect(new Set(sent.map((body) => (JSON.parse(body) as { key: string }).key)).size).toBe(1)
})

test('Enter held by key sends, its repeats and a key held since before the tray opened do not', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  await page.keyboard.press('Escape')
  await expect(tray(page)).toBeHidden()
  await stopButton(page).focus()
  // Held down since before: the tray opens by it, and only repeats reach the target.
  await page.keyboard.down('Enter')
  await expect(tray(page)).toBeVisible()
  for (let n = 0; n < 20; n++) {
    await page.keyboard.down('Enter')
    await page.clock.runFor(50)
  }
  expect(sent).toEqual([])
  await page.keyboard.up('Enter')
  await page.keyboard.down('Enter')
  await page.clock.runFor(720)
  await page.keyboard.up('Enter')
  await expect.poll(() => sent.length).toBeGreaterThan(0)
})

test('a blur in the middle, a lost pointer and Escape send nothing', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  await pressTarget(page)
  await page.clock.runFor(400)
  await page.evaluate(() => window.dispatchEvent(new Event('blur')))
  await page.clock.runFor(1_000)
  await page.mouse.up()
  await pressTarget(page)
  await page.clock.runFor(400)
  await page.mouse.move(700, 300)
  await page.clock.runFor(1_000)
  await page.mouse.up()
  await pressTarget(page)
  await page.clock.runFor(400)
  await page.keyboard.press('Escape')
  await page.clock.runFor(1_000)
  await page.mouse.up()
  expect(sent).toEqual([])
})

test('double clicks, synthetic clicks and synthetic presses send nothing', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  await allTarget(page).dblclick()
  await allTarget(page).evaluate((button) => {
    ;(button as HTMLButtonElement).click()
    button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, isPrimary: true, button: 0 }))
    button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  })
  await page.clock.runFor(2_000)
  expect(sent).toEqual([])
})

test('the chord opens it inside a field and over a dialog, and eight idle seconds close it', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Alt+Shift+KeyX')
  await expect(tray(page)).toBeVisible()
  await expect(page.getByRole('dialog')).toBeHidden()
  await page.clock.runFor(8_100)
  await expect(tray(page)).toBeHidden()
  expect(sent).toEqual([])
})

test('a second stop does not silence the first one that was not sent: both are tried until they are taken', async ({
  page,
}) => {
  const sent = await watchStops(page)
  await openTray(page)
  const hold = async (): Promise<void> => {
    await pressTarget(page)
    await page.clock.runFor(720)
    await page.mouse.up()
  }
  await hold()
  await expect(page.getByRole('alert').filter({ hasText: 'NOT SENT' })).toBeVisible()
  await stopButton(page).click()
  await hold()
  await expect(page.getByText(/^STOP ALL of .*NOT SENT yet, it is tried again/)).toBeVisible()
  const keys = (): Set<string> => new Set(sent.map((body) => (JSON.parse(body) as { key: string }).key))
  expect(keys().size).toBe(2)
  const [first] = keys()
  const before = sent.length
  await page.clock.runFor(1_200)
  await expect.poll(() => sent.slice(before).filter((body) => body.includes(first!)).length).toBeGreaterThan(0)
  // Send again is one more try of the same stop, not one more stop.
  await page.getByRole('button', { name: 'Send again' }).click()
  await page.clock.runFor(1_200)
  expect(keys().size).toBe(2)
  // Giving up names both, and ends both.
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await expect(page.getByText('Close once more to give up: 2 stops were NOT sent.')).toBeVisible()
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.clock.runFor(200)
  const after = sent.length
  await page.clock.runFor(3_000)
  expect(sent).toHaveLength(after)
})

test('a matrix of more layers than are listed says how many are left out and how many of them have not confirmed', async ({
  page,
}) => {
  const id = '01900000-0000-7000-8000-000000000000'
  await watchStops(page)
  const layer = (at: number) => ({
    layer_id: `layer_${at}`,
    state: at < 230 ? 'sent' : 'applied',
    sent_at: '2026-01-01T00:00:00.000Z',
    accepted_at: null,
    applied_at: at < 230 ? null : '2026-01-01T00:00:00.010Z',
    verified_at: null,
    path: null,
    ms: at < 230 ? null : 10,
    text: '',
  })
  const matrix = {
    layers: Array.from({ length: 250 }, (_, at) => layer(at)),
    missing: 230,
    applied: 20,
    worst_ms: 10,
    cli: 'npx morphoscope stop',
  }
  await page.route('**/api/emergency-stop', (route) =>
    route.request().method() === 'POST' ? route.fulfill({ status: 202, json: { id, warnings: [] } }) : route.continue(),
  )
  await page.route(`**/api/emergency-stop/${id}`, (route) => route.fulfill({ json: matrix }))
  await openTray(page)
  await pressTarget(page)
  await page.clock.runFor(720)
  await page.mouse.up()
  await expect(page.getByText('50 layers more are not listed: 30 of them not confirmed.')).toBeVisible()
})

test('a second finger, wherever it lands, ends the hold', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  const box = (await allTarget(page).boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const touch = await page.context().newCDPSession(page)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y, id: 1 }] })
  await page.clock.runFor(300)
  await touch.send('Input.dispatchTouchEvent', {
    type: 'touchStart',
    touchPoints: [
      { x, y, id: 1 },
      { x: 600, y: 300, id: 2 },
    ],
  })
  await expect(tray(page)).toContainText('Two presses at once do not count. Not sent.')
  await page.clock.runFor(1_000)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  expect(sent).toEqual([])
})

test('a finger that slides off the target ends the hold', async ({ page }) => {
  const sent = await watchStops(page)
  await openTray(page)
  const box = (await allTarget(page).boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const touch = await page.context().newCDPSession(page)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y, id: 1 }] })
  await expect(tray(page)).toContainText('Keep holding')
  await page.clock.runFor(300)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: 700, y: 200, id: 1 }] })
  await expect(tray(page)).toContainText('Not sent: it was held for less than 0.7 s.')
  await page.clock.runFor(1_000)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  expect(sent).toEqual([])
})

test('a press that was let go early while the page stood still sends nothing', async ({ page }) => {
  const sent = await watchStops(page)
  await page.goto('/')
  await page.getByRole('main').waitFor()
  await stopButton(page).click()
  await pressTarget(page)
  await expect(tray(page)).toContainText('Keep holding')
  // The page is blind beyond the end of the hold; the release comes while it is.
  const blind = page.evaluate(() => {
    const endMs = performance.now() + 1_500
    while (performance.now() < endMs);
  })
  await page.mouse.up()
  await blind
  await expect(tray(page)).toContainText('Not sent')
  await page.waitForTimeout(1_000)
  expect(sent).toEqual([])
})

test('it stays when the page around it is torn down, and its focus is on the layer of the page', async ({ page }) => {
  await watchStops(page)
  await page.goto('/layers/layer_1')
  await page.getByRole('main').waitFor()
  await page.evaluate(() => {
    document.body.replaceChildren()
  })
  await stopButton(page).click()
  await expect(tray(page).getByRole('button', { name: /^STOP layer_1/ })).toBeFocused()
})
