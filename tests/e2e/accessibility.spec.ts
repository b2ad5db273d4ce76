/*
 * Accessibility of the live page: axe in both themes and every view, the keyboard, the phone.
 * In: the product. Out: no finding of any impact, nothing out of reach, nothing wider than the screen.
 * Invariant: checked with live data on the page, not on an empty one.
 * Source: docs/ux.md "accessibility"; features H1, H3, H5, H6.
 */
import { expect, test } from '@playwright/test'
import {
  chooseTheme,
  conductor,
  findViolations,
  heatmap,
  inspector,
  openLive,
  pressSpace,
  showTable,
  tabThrough,
} from './actions.ts'

for (const theme of ['dark', 'light'] as const) {
  test(`axe finds nothing in ${theme}: heatmap, bus, freshness, pause, table, inspector, help`, async ({ page }) => {
    const errors = await openLive(page)
    await chooseTheme(page, theme)
    expect(await findViolations(page)).toEqual([])
    await page.getByRole('button', { name: /^Bus, / }).click()
    await expect(page.getByRole('region', { name: 'Bus', exact: true })).toContainText(/redis is up/)
    expect(await findViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await expect(page.getByRole('button', { name: /^Bus, / })).toBeFocused()
    await page.getByRole('button', { name: /^Freshness/ }).click()
    await expect(page.getByRole('region', { name: 'Layers by age' })).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await pressSpace(page)
    await expect(conductor(page)).toContainText('PAUSED')
    expect(await findViolations(page)).toEqual([])
    await pressSpace(page)
    await showTable(page)
    expect(await findViolations(page)).toEqual([])
    await page.getByRole('button', { name: 'layer_0/0' }).first().click()
    await expect(inspector(page)).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.getByRole('button', { name: 'Keyboard help' }).click()
    await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    expect(errors).toEqual([])
  })
}

test('the theme is there with the first byte after a reload', async ({ page }) => {
  await openLive(page)
  await chooseTheme(page, 'light')
  const response = await page.reload()
  expect(await response?.text()).toContain('data-theme="light"')
})

test('Tab reaches every control of the frame and the panels', async ({ page }) => {
  await openLive(page)
  const names = await tabThrough(page, 60)
  for (const wanted of [
    /Skip to the page/,
    /run-switch/,
    /Freshness/,
    /^Bus, /,
    /^Theme:/,
    /Keyboard help/,
    /^Live$/,
    /^Health$/,
    /More metrics/,
    /^Table$/,
    /Seeds by layer/,
    /Filter events/,
    /LIVE/,
  ])
    expect(
      names.some((name) => wanted.test(name)),
      `${wanted} in ${names.join(' | ')}`,
    ).toBe(true)
})

test('single-letter keys can be switched off', async ({ page }) => {
  await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('?')
  await page.getByRole('checkbox', { name: /Single-letter keys/ }).uncheck()
  await page.keyboard.press('Escape')
  await page.getByRole('main').focus()
  await page.keyboard.press('Space')
  await expect(page.getByRole('contentinfo')).toContainText('LIVE')
})

test('a phone shows the worst seeds first, and nothing is cut off at the side', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 })
  await openLive(page)
  await expect(page.getByRole('heading', { name: /^Worst 12 by health/ })).toBeVisible()
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow).toBe(0)
  for (const theme of ['dark', 'light'] as const) {
    await chooseTheme(page, theme)
    expect(await findViolations(page)).toEqual([])
  }
})

test('a phone keeps the tooltip of every cell on the screen', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 })
  await openLive(page)
  await heatmap(page).scrollIntoViewIfNeeded()
  await heatmap(page).evaluate((grid) => grid.scrollIntoView({ block: 'center' }))
  const box = await heatmap(page).boundingBox()
  if (!box) throw new Error('the heatmap has no place')
  for (const x of [80, box.width / 2, box.width - 20]) {
    await page.mouse.move(box.x + x, box.y + box.height - 30)
    const tip = page.getByText(/seeds of the layer$/)
    await expect(tip).toBeInViewport({ ratio: 1 })
  }
})
