/*
 * The live page, as an operator meets it: seeds that really train, growth that happens, pause, metrics, links.
 * In: the product started by playwright.config.ts. Out: the acceptance of the first slice, seen through roles and labels.
 * Invariant: nothing is staged; bounds are those of the product's promise (a germination within a minute, a kept seed within two).
 * Source: docs/ux.md "pages: live"; features A1, A2, A4, A7, B8, H7.
 */
import { expect, test } from '@playwright/test'
import { conductor, heatmap, inspector, openLive, pressSpace, readSeeds, showTable, waitingFrames } from './actions.ts'

const GERMINATION_MS = 60_000
const KEPT_MS = 120_000

test('all twelve seeds are live, each with a state, a measured value and an age', async ({ page }) => {
  const errors = await openLive(page)
  await showTable(page)
  await expect.poll(async () => (await readSeeds(page)).length).toBe(12)
  await expect.poll(async () => (await readSeeds(page)).every((row) => /^0\.\d|^1\.00/.test(row.value))).toBe(true)
  for (const row of await readSeeds(page)) {
    expect(row.state).not.toMatch(/unknown|never|no state/i)
    expect(row.age).toMatch(/^\d+(\.\d)? s/)
  }
  expect(errors).toEqual([])
})

test('a seed germinates and one is kept: as events, as a count and as marks of the host curve', async ({ page }) => {
  test.setTimeout(KEPT_MS + 60_000)
  await openLive(page)
  const events = page.getByRole('region', { name: 'Events, newest first' })
  await page.getByRole('combobox', { name: 'Filter events' }).selectOption('Transitions')
  await expect(events.getByText(/^to (germinated|training)/).first()).toBeVisible({ timeout: GERMINATION_MS })
  const marks = page.getByRole('list', { name: 'Growth marks' })
  await expect(marks.getByText(/germinated/).first()).toBeAttached({ timeout: GERMINATION_MS })
  // The marks are those of the events that are listed: of a run that is old by now the narrative alone still counts the kept ones.
  const kept = marks.getByText(/fossilised/).or(page.getByRole('button', { name: /\b[1-9]\d* fossilised/ }))
  await expect(kept.first()).toBeAttached({ timeout: KEPT_MS })
  await expect(page.getByRole('figure', { name: /^Validation accuracy by step, \d/ })).toBeVisible()
  await showTable(page)
  expect((await readSeeds(page)).some((row) => row.state === 'Fossilised')).toBe(true)
})

test('pausing holds the picture and counts what waits; going on shows the latest', async ({ page }) => {
  await openLive(page)
  await showTable(page)
  await pressSpace(page)
  await expect(conductor(page)).toContainText('PAUSED')
  await expect.poll(() => waitingFrames(page)).toBeGreaterThan(3)
  const held = await readSeeds(page)
  const waited = await waitingFrames(page)
  await expect.poll(() => waitingFrames(page)).toBeGreaterThan(waited)
  expect((await readSeeds(page)).map((row) => row.value)).toEqual(held.map((row) => row.value))
  await pressSpace(page)
  await expect(conductor(page)).toContainText('LIVE')
  await expect.poll(() => waitingFrames(page)).toBe(0)
})

test('the metric switch changes what is shown and what the link carries', async ({ page }) => {
  await openLive(page)
  await page.getByRole('button', { name: 'Demand', exact: true }).click()
  await expect(page).toHaveURL(/metric=demand_grad_norm/)
  await showTable(page)
  await expect(page.getByRole('columnheader', { name: /Demand/ })).toBeVisible()
  await page.getByRole('main').focus()
  await page.keyboard.press('m')
  await page.keyboard.press('m')
  await expect(page.getByRole('button', { name: 'State', exact: true })).toHaveAttribute('aria-pressed', 'true')
  await expect(page).toHaveURL(/mode=state/)
})

test('choosing a seed loads no chart library: its histogram comes with it', async ({ page }) => {
  const errors = await openLive(page)
  const large = (): Promise<readonly string[]> =>
    page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter(({ name, decodedBodySize }) => name.includes('.js') && decodedBodySize > 250_000)
        .map(({ name }) => name),
    )
  const before = await large()
  await heatmap(page).focus()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(inspector(page).getByRole('figure', { name: /^Histogram of/ })).toBeVisible()
  await expect(inspector(page).getByRole('figure', { name: /over the last 15 minutes/ })).toBeVisible()
  expect(await large()).toEqual(before)
  expect(errors).toEqual([])
})

test('the keyboard walks the seeds, opens the inspector and closes it again', async ({ page }) => {
  await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('s')
  await expect(heatmap(page)).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('gridcell')).toContainText('layer_1, seed 1')
  await page.keyboard.press('Enter')
  await expect(inspector(page)).toHaveAccessibleName('Seed layer_1/1')
  await expect(inspector(page).getByRole('row', { name: /Health/ })).toContainText(/\d\.\d/)
  await page.keyboard.press('Escape')
  await expect(inspector(page)).toBeHidden()
})

test('a shared link opens the same seed, metric and mode', async ({ page }) => {
  await openLive(page, '?metric=sparsity&layer=layer_2&seed=3&inspect=1')
  await expect(inspector(page)).toHaveAccessibleName('Seed layer_2/3')
  await showTable(page)
  await expect(page.getByRole('columnheader', { name: /Sparsity/ })).toBeVisible()
})

test('the narrative says something of now, and its seed links select the seed', async ({ page }) => {
  await openLive(page)
  const narrative = page.getByRole('region', { name: 'Now, why, next' })
  await expect(narrative).toContainText(/validation accuracy|Not yet evaluated/)
  await expect(narrative).toContainText(/of 12 seeds growing/)
})
