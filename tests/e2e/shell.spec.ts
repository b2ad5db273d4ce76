/*
 * The shell by keyboard alone: palette, search, keys of one's own, glossary, share and saved views, copy, generated load.
 * In: the product. Out: what an operator finds, chooses, copies, starts and stops without a mouse.
 * Invariant: axe finds nothing while an overlay is open; the focus comes back; what was started here is stopped here.
 * Source: docs/ux.md "command palette", "keyboard map", "generated load"; features H1, H2, H7, H13, H15, I2.
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { chooseTheme, findViolations, openLive } from './actions.ts'

test.use({ permissions: ['clipboard-read', 'clipboard-write'] })

const palette = (page: Page): Locator => page.getByRole('dialog', { name: 'Command palette' })
const dialog = (page: Page, name: string): Locator => page.getByRole('dialog', { name, exact: true })
const clipboard = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText())

async function find(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await expect(palette(page).getByRole('combobox')).toBeFocused()
  await page.keyboard.type(words)
}

for (const theme of ['dark', 'light'] as const)
  test(`axe finds nothing in ${theme}: palette, search, keys, glossary, share, load`, async ({ page }) => {
    const errors = await openLive(page)
    await chooseTheme(page, theme)
    await find(page, '')
    await expect(palette(page).getByRole('option', { name: /Pause/ })).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.keyboard.type('layer_1')
    await expect(palette(page).getByRole('option').first()).toContainText('layer_1')
    expect(await findViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    for (const [words, name] of [
      ['keys', 'Keyboard'],
      ['glossary', 'Glossary'],
      ['save this view', 'Share and save this view'],
      ['start load', 'Generated load'],
    ] as const) {
      await find(page, words)
      await page.keyboard.press('Enter')
      await expect(dialog(page, name)).toBeVisible()
      expect(await findViolations(page), name).toEqual([])
      await page.keyboard.press('Escape')
      await expect(dialog(page, name)).toBeHidden()
    }
    expect(errors).toEqual([])
  })

test('a seed is found by its place and opened, and going back gives the page back', async ({ page }) => {
  await openLive(page)
  await find(page, 'layer_1/2')
  await expect(palette(page).getByRole('option', { name: 'layer_1/2 seed' })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Seed 2', exact: true })).toBeVisible()
  expect(new URL(page.url()).pathname).toBe('/layers/layer_1/seeds/2')
  await page.keyboard.press('Control+k')
  await expect(palette(page).getByRole('option').first()).toContainText('layer_1/2')
  await page.keyboard.press('Escape')
})

test('Escape gives the focus back to where it was', async ({ page }) => {
  await openLive(page)
  const grid = page.getByRole('grid', { name: /Seeds by layer/ })
  await grid.focus()
  await page.keyboard.press('Control+k')
  await expect(palette(page)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(palette(page)).toBeHidden()
  await expect(grid).toBeFocused()
})

test('search offers things and no actions; arrows move; what is left out is counted', async ({ page }) => {
  await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('/')
  const search = dialog(page, 'Search')
  await expect(search.getByRole('combobox')).toBeFocused()
  await page.keyboard.type('e')
  await expect(search.getByRole('option').first()).toBeVisible()
  await expect(search.getByRole('option', { name: /^Pause/ })).toHaveCount(0)
  await expect(search.getByRole('status')).toContainText(/found, [\d,]+ more/)
  const first = await search.getByRole('option', { selected: true }).innerText()
  await page.keyboard.press('ArrowDown')
  await expect(search.getByRole('option', { selected: true })).not.toHaveText(first)
})

test('a metric chosen in the palette colours the page and is in its address', async ({ page }) => {
  await openLive(page)
  await find(page, 'sparsity')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/metric=sparsity/)
})

test('a key of one’s own acts after a reload; a taken one is refused with words; reset brings the old ones back', async ({
  page,
}) => {
  await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('?')
  const keys = dialog(page, 'Keyboard')
  await keys.getByRole('button', { name: /^Next metric.*Change/ }).focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('t')
  await expect(keys.getByRole('status')).toContainText('already does: Theme')
  await keys.getByRole('button', { name: /^Next metric.*Change/ }).focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('x')
  await expect(keys.getByRole('status')).toContainText('Next metric, then states: x')
  await page.keyboard.press('Escape')
  await page.reload()
  await expect(page.getByRole('button', { name: /Freshness.*\d\.\d s/ })).toBeVisible()
  const before = new URL(page.url()).searchParams.get('metric')
  await page.getByRole('main').focus()
  await page.keyboard.press('x')
  await expect.poll(() => new URL(page.url()).searchParams.get('metric')).not.toBe(before)
  await page.keyboard.press('?')
  await dialog(page, 'Keyboard').getByRole('button', { name: 'Reset all keys' }).press('Enter')
  await expect(dialog(page, 'Keyboard').getByRole('button', { name: /^Next metric.*: ?m ?\. ?Change/ })).toBeVisible()
})

test('a copied link opens exactly this view elsewhere', async ({ page, context }) => {
  await openLive(page, '?layer=layer_1&seed=2&inspect=1&mode=state')
  await page.getByRole('main').focus()
  await page.keyboard.press('y')
  await expect(page.getByText('Link copied')).toBeVisible()
  const link = new URL(await clipboard(page))
  expect(link.origin).toBe(new URL(page.url()).origin)
  for (const name of ['run', 'metric', 'mode', 'layer', 'seed', 'inspect'])
    expect(link.searchParams.get(name), name).not.toBe(null)
  const other = await context.newPage()
  await other.goto(link.href)
  await expect(other.getByRole('complementary', { name: 'Seed layer_1/2' })).toBeVisible()
  await other.close()
})

test('a saved view is found in the palette, opened and deleted', async ({ page }) => {
  await openLive(page, '?layer=layer_1&seed=1&inspect=1')
  await find(page, 'save this view')
  await page.keyboard.press('Enter')
  const share = dialog(page, 'Share and save this view')
  await share.getByRole('textbox', { name: 'Name of the view' }).fill('Night watch')
  await page.keyboard.press('Enter')
  await expect(share.getByRole('status')).toContainText('Saved as "Night watch"')
  await page.keyboard.press('Escape')
  await page.goto('/bus')
  await find(page, 'night')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('complementary', { name: 'Seed layer_1/1' })).toBeVisible()
  await find(page, 'save this view')
  await page.keyboard.press('Enter')
  await share.getByRole('button', { name: 'Delete Night watch' }).press('Enter')
  await expect(share.getByText('None yet.')).toBeVisible()
})

test('a state is explained where it was asked for', async ({ page }) => {
  await openLive(page)
  await find(page, 'fossilised')
  await page.keyboard.press('Enter')
  await expect(dialog(page, 'Glossary').getByText('Kept for good. There is no way back from here.')).toBeInViewport()
})

test('the value of a seed is copied with where it comes from', async ({ page }) => {
  await openLive(page)
  await page.getByRole('grid', { name: /Seeds by layer/ }).focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Shift+C')
  await expect(page.getByText(/^Copied: /)).toBeVisible()
  const text = await clipboard(page)
  for (const part of ['layer_', 'run digits-', 'producer ', 'stream kasmina.telemetry', 'entry ', 'schema v', '#raw'])
    expect(text).toContain(part)
})

test('load is started from the page as a second, labelled run, watched, and stopped', async ({ page }) => {
  await openLive(page)
  await find(page, 'start load')
  await page.keyboard.press('Enter')
  const load = dialog(page, 'Generated load')
  await load.getByRole('spinbutton', { name: 'Layers' }).fill('101')
  await expect(load.getByRole('button', { name: 'Start load' })).toBeDisabled()
  await expect(load.getByText(/^layers: /)).toBeVisible()
  await load.getByRole('spinbutton', { name: 'Layers' }).fill('4')
  await load.getByRole('button', { name: 'Start load' }).press('Enter')
  try {
    await expect(load.getByText(/^\d\.\d of 2$/)).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await expect(page.getByRole('note')).toContainText('Load generator.')
    await expect(page.getByText('Run, load generator')).toBeVisible()
    await expect(page.getByRole('button', { name: /Freshness.*4\/4 layers fresh/ })).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.getByRole('button', { name: 'Watch or stop' }).press('Enter')
  } finally {
    await load.getByRole('button', { name: 'Stop load' }).press('Enter')
  }
  await expect(load.getByRole('button', { name: 'Start load' })).toBeVisible()
  const answer = await page.request.get('/api/load')
  expect(await answer.json()).toMatchObject({ state: 'off' })
})
