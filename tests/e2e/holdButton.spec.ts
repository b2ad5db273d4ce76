/*
 * The button that is held, of commands that can not be taken back: what sends, and everything that must not.
 * In: the product; a preview that asks for a hold of 1.2 s; a browser whose clock is held by the test. Out: the commands that left the page.
 * Invariant: only one continuous, trusted hold sends, once.
 * Source: docs/ux.md "guard levels"; docs/commands.md "guard levels".
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { openComposer, seedIn } from './actions.ts'

const HOLD_MS = 1_200
const EARLY = 'Not sent: it was let go too early.'
const TWO = 'Two presses at once do not count. Not sent.'

/** A composer whose preview asks for a hold; commands are counted and answered here, so that no seed is touched. */
async function openHold(page: Page): Promise<{ hold: Locator; drawer: Locator; sent: string[] }> {
  const sent: string[] = []
  // One preview for the whole test: what the trainer does meanwhile must not change what is confirmed.
  let held: object | null = null
  await page.route('**/api/commands/preview', async (route) => {
    if (held === null) {
      const preview = (await (await route.fetch()).json()) as { confirm: object }
      const confirm = { ...preview.confirm, gesture: 'hold', hold_ms: HOLD_MS, arm_token: 'held' }
      held = { ...preview, level: 3, confirm }
    }
    await route.fulfill({ json: held })
  })
  await page.route('**/api/commands', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    sent.push(route.request().postData() ?? '')
    await route.fulfill({ status: 503, json: { detail: 'held back by the test', code: 'BUS_UNAVAILABLE' } })
  })
  const drawer = await openComposer(page, await seedIn(page, 'DORMANT'))
  await drawer.getByRole('button', { name: /^Germinated/ }).click()
  await drawer.getByRole('textbox', { name: /^Reason/ }).fill('to see what holds')
  const hold = drawer.getByRole('button', { name: /hold 1\.2 s/ })
  await expect(hold).toBeVisible()
  await hold.scrollIntoViewIfNeeded()
  // From here on time passes only when it is told to: the preview must not age behind the test's back.
  await page.clock.install()
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_000))
  return { hold, drawer, sent }
}

async function middleOf(target: Locator): Promise<{ x: number; y: number }> {
  const box = (await target.boundingBox())!
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

async function press(page: Page, hold: Locator): Promise<void> {
  // What was said of the last press may have moved it.
  await hold.scrollIntoViewIfNeeded()
  const { x, y } = await middleOf(hold)
  await page.mouse.move(x, y)
  await page.mouse.down()
  await expect(hold).toHaveClass(/is-holding/)
}

test('a hold to the end sends once; a hair less sends nothing and says so', async ({ page }) => {
  const { hold, drawer, sent } = await openHold(page)
  await press(page, hold)
  await page.clock.runFor(HOLD_MS - 10)
  await page.mouse.up()
  await expect(drawer.getByText(EARLY)).toBeVisible()
  await page.clock.runFor(2_000)
  expect(sent).toEqual([])
  await press(page, hold)
  await page.clock.runFor(HOLD_MS)
  await page.mouse.up()
  await expect.poll(() => sent.length).toBe(1)
  expect(JSON.parse(sent[0]!)).toMatchObject({ confirm: { arm_token: 'held' } })
})

test('leaving it, the blur of the window, of the button, and a right button send nothing', async ({ page }) => {
  const { hold, sent } = await openHold(page)
  const isOver = async (): Promise<void> => {
    await expect(hold).not.toHaveClass(/is-holding/)
    await page.clock.runFor(2_000)
    await page.mouse.up()
  }
  await press(page, hold)
  await page.clock.runFor(600)
  await page.mouse.move(400, 300)
  await isOver()
  await press(page, hold)
  await page.evaluate(() => window.dispatchEvent(new Event('blur')))
  await isOver()
  await press(page, hold)
  await hold.evaluate((button) => (button as HTMLElement).blur())
  await isOver()
  await hold.click({ button: 'right' })
  await isOver()
  expect(sent).toEqual([])
})

test('clicks, double clicks and events of scripts send nothing', async ({ page }) => {
  const { hold, sent } = await openHold(page)
  await hold.dblclick()
  await hold.evaluate((button) => {
    ;(button as HTMLButtonElement).click()
    const init = { bubbles: true, isPrimary: true, button: 0, pointerId: 1 }
    button.dispatchEvent(new PointerEvent('pointerdown', init))
    button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    button.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }))
  })
  await expect(hold).not.toHaveClass(/is-holding/)
  await page.clock.runFor(3_000)
  expect(sent).toEqual([])
})

test('a key held since before, its repeats, and letting it go early send nothing; one continuous press of it sends', async ({
  page,
}) => {
  const { hold, sent } = await openHold(page)
  await page.keyboard.down('Enter')
  await hold.focus()
  for (let n = 0; n < 30; n++) {
    await page.keyboard.down('Enter')
    await page.clock.runFor(50)
  }
  await page.keyboard.up('Enter')
  await page.keyboard.down('Enter')
  await page.clock.runFor(600)
  await page.keyboard.up('Enter')
  await page.clock.runFor(2_000)
  expect(sent).toEqual([])
  await page.keyboard.down('Enter')
  await page.clock.runFor(HOLD_MS)
  await page.keyboard.up('Enter')
  await expect.poll(() => sent.length).toBe(1)
})

test('a second finger, wherever it lands, and a finger that slides off send nothing', async ({ page }) => {
  const { hold, drawer, sent } = await openHold(page)
  const { x, y } = await middleOf(hold)
  const touch = await page.context().newCDPSession(page)
  const finger = { x, y, id: 1 }
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number; id: number }[]) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints })
  await send('touchStart', [finger])
  await expect(hold).toHaveClass(/is-holding/)
  await send('touchStart', [finger, { x: 300, y: 300, id: 2 }])
  await expect(drawer.getByText(TWO)).toBeVisible()
  await page.clock.runFor(2_000)
  await send('touchEnd', [])
  await send('touchStart', [finger])
  await expect(hold).toHaveClass(/is-holding/)
  await send('touchMove', [{ x: 300, y: 300, id: 1 }])
  await expect(hold).not.toHaveClass(/is-holding/)
  await page.clock.runFor(2_000)
  await send('touchEnd', [])
  expect(sent).toEqual([])
})
