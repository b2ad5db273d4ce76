/*
 * The page of a layer: one order in grid and table, keys, pins, difference to an earlier moment, a filter that counts; the Live
 * heatmap as differences.
 * In: the product with its trainer. Out: what an operator finds, by roles and words.
 * Invariant: the canvas is read through what it says to screen readers; everything chosen is in the address.
 * Source: docs/ux.md "pages: layer", "delta mode"; features A3, A5, A6.
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { findViolations, heatmap, openLive, pressSpace } from './actions.ts'

const byTime = (page: Page): Locator => page.getByRole('grid', { name: /^Seeds of layer_0 by time/ })
const table = (page: Page): Locator => page.getByRole('region', { name: /^Seeds of layer_0\. / })

async function openLayer(page: Page, query = ''): Promise<string[]> {
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`/layers/layer_0${query}`)
  await expect(page.getByText(/points: least and greatest of each \d+ s/)).toBeVisible()
  return errors
}

test('by key through the past of the seeds: a cell is said, a seed pinned, and Enter leads to its page', async ({
  page,
}) => {
  const errors = await openLayer(page)
  await byTime(page).focus()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await expect(byTime(page).getByRole('gridcell')).toHaveText(/^seed 1, \d\d:\d\d:\d\d to \d\d:\d\d:\d\d UTC: /)
  await expect(page).toHaveURL(/layer=layer_0&seed=1/)
  await page.keyboard.press('p')
  await expect(page).toHaveURL(/pins=1/)
  await expect(page.getByText(/4 seeds, 1 pinned/)).toBeVisible()
  await expect(table(page).getByRole('button', { name: 'Unpin seed 1' })).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await table(page).focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Seed 1', exact: true })).toBeVisible()
  expect(errors).toEqual([])
})

test('order and filter are one for grid and table, are counted, and a link opens the same', async ({ page }) => {
  await openLayer(page)
  await page.getByRole('combobox', { name: 'Order' }).selectOption('ticks')
  await expect(page.getByRole('columnheader', { name: /^Ticks in state/ })).toHaveAttribute('aria-sort', 'descending')
  await page.getByRole('textbox', { name: 'Only these seeds, as 3,17,40-59' }).fill('0, 2-3')
  await page.keyboard.press('Enter')
  await expect(page.getByText('3 of 4 seeds match')).toBeVisible()
  await expect(page).toHaveURL(/rows=s%3Aticks\.d%3Bi%3A0%2C2-3/)
  await page.reload()
  await expect(page.getByText('3 of 4 seeds match')).toBeVisible()
  await page.getByRole('button', { name: 'Clear filter' }).click()
  await expect(page.getByText('4 seeds', { exact: true })).toBeVisible()
  await page.getByRole('combobox', { name: 'Order' }).selectOption('similar')
  await expect(page.getByText(/look alike: k-means over 24 points/)).toBeVisible()
})

test('the distribution reads its classes by key and lists the seeds of one', async ({ page }) => {
  await openLayer(page)
  const distribution = page.getByRole('slider', { name: /^Distribution of Health: \d+ measured/ })
  await distribution.focus()
  await page.keyboard.press('ArrowRight')
  await expect(distribution).toHaveAttribute('aria-valuetext', /to .*: \d+ seeds, /)
  await page.keyboard.press('Enter')
  await expect(page.getByText(/of 4 seeds match/)).toBeVisible()
})

test('d shows the difference, names the moment, and keeps it in the address, on the layer and on Live', async ({
  page,
}) => {
  await openLayer(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('d')
  await expect(page).toHaveURL(/delta=ago-300/)
  await expect(page.getByText(/Health against .*UTC, step \d/)).toBeVisible()
  await expect(page.getByRole('columnheader', { name: 'Change' })).toBeVisible()
  await expect(page.getByText('no counterpart').first()).toBeVisible()
  const errors = await openLive(page, '?delta=ago-60')
  await expect(page.getByText(/Health against .*UTC, step \d/)).toBeVisible()
  await heatmap(page).focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await expect(page.getByText('change', { exact: true })).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await page.getByRole('combobox', { name: 'Compare with' }).selectOption({ label: 'Δ from now on' })
  await expect(page).toHaveURL(/delta=at-\d+/)
  await page.getByRole('main').focus()
  await page.keyboard.press('d')
  await expect(page).not.toHaveURL(/delta=/)
  expect(errors).toEqual([])
})

test('an answer that fails keeps what was known, says of when it is, and goes on when answers come again', async ({
  page,
}) => {
  await openLayer(page)
  await expect(table(page).getByRole('row')).not.toHaveCount(1)
  await page.route('**/api/layers/layer_0/rows?*sort=ticks*', (route) =>
    route.fulfill({ status: 503, json: { code: 'BUS_UNAVAILABLE', detail: 'Nobody answers.' } }),
  )
  await page.getByRole('combobox', { name: 'Order' }).selectOption('ticks')
  await expect(
    page.getByText(/Nobody answers\. \(BUS_UNAVAILABLE\) Shown is the last answer there was, of .* UTC/),
  ).toBeVisible()
  await expect(table(page).getByRole('row')).toHaveCount(5)
  // The head tells of the rows that stand there, not of those that were asked for.
  await expect(page.getByRole('columnheader', { name: 'Seed' })).toHaveAttribute('aria-sort', 'ascending')
  await page.unroute('**/api/layers/layer_0/rows?*sort=ticks*')
  await expect(page.getByRole('columnheader', { name: /^Ticks in state/ })).toHaveAttribute('aria-sort', 'descending')
  await expect(page.getByText('Nobody answers.')).toBeHidden()
})

test('a paused page of a layer stands: values and ages of that moment, whatever is asked of it then', async ({
  page,
}) => {
  await openLayer(page)
  const ages = () => table(page).getByRole('row').nth(1).getByRole('cell').nth(5)
  await expect(ages()).toHaveText(/\d/)
  await pressSpace(page)
  await expect(page.getByText(/as of \d\d:\d\d:\d\d UTC/)).toBeVisible()
  const values = () => table(page).getByRole('row').nth(1).innerText()
  const before = await values()
  await page.getByRole('combobox', { name: 'Order' }).selectOption('ticks')
  await expect(page.getByRole('columnheader', { name: /^Ticks in state/ })).toHaveAttribute('aria-sort', 'descending')
  await page.getByRole('combobox', { name: 'Order' }).selectOption('seed')
  await expect(page.getByRole('columnheader', { name: 'Seed' })).toHaveAttribute('aria-sort', 'ascending')
  expect(await values()).toBe(before)
  await pressSpace(page)
  await expect(page.getByText(/as of \d\d:\d\d:\d\d UTC/)).toBeHidden()
  await expect.poll(values).not.toBe(before)
})
