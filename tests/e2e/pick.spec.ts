/*
 * Picking many seeds on a map, by pointer and by key, and the sentence they become.
 * In: the product that `npm start` runs. Out: what is picked, said and sent.
 * Invariant: keyboard alone reaches all of it; nothing is picked by accident; what left the set is told before anything is sent.
 * Source: docs/ux.md "bulk"; docs/commands.md "many seeds".
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { findViolations, heatmap, inspector, openLive, seedIn } from './actions.ts'

const bar = (page: Page): Locator => page.getByRole('region', { name: 'Picked seeds' })
const panel = (page: Page): Locator => page.getByRole('region', { name: 'New command for many seeds' })
const sentence = (page: Page): Locator => panel(page).getByRole('textbox', { name: 'Seeds' })

test('by key: v begins where the cursor is, arrows extend, Enter takes, Space toggles, Escape lets go', async ({
  page,
}) => {
  const errors = await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('v')
  await expect(heatmap(page)).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await expect(bar(page)).toBeHidden()
  await page.keyboard.press('Enter')
  await expect(bar(page)).toContainText('4 seeds in 2 layers')
  await page.keyboard.press('v')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Space')
  await expect(bar(page)).toContainText('5 seeds in 3 layers')
  // The first Escape leaves the rectangle, the second one lets go of the seeds.
  await page.keyboard.press('Escape')
  await expect(bar(page)).toContainText('5 seeds')
  expect(await findViolations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(bar(page)).toBeHidden()
  expect(errors).toEqual([])
})

test('by pointer: a drag with Shift adds, with Alt it takes away, without Shift nothing is picked', async ({
  page,
}) => {
  await openLive(page)
  const box = (await heatmap(page).boundingBox())!
  const at = (x: number, y: number): [number, number] => [box.x + 130 + (box.width - 150) * x, box.y + box.height * y]
  const drag = async (from: [number, number], to: [number, number], keys: readonly string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.down(key)
    await page.mouse.move(...from)
    await page.mouse.down()
    await page.mouse.move(...to, { steps: 8 })
    await page.mouse.up()
    for (const key of keys) await page.keyboard.up(key)
  }
  await drag(at(0.05, 0.1), at(0.95, 0.2), [])
  await expect(bar(page)).toBeHidden()
  // It was a press, which opens the seed it ended on.
  await page.getByRole('main').focus()
  await page.keyboard.press('Escape')
  await expect(inspector(page)).toBeHidden()
  await drag(at(0.05, 0.1), at(0.95, 0.9), ['Shift'])
  await expect(bar(page)).toContainText(/seeds in 3 layers/)
  const all = Number(/(\d+) seeds/.exec(await bar(page).innerText())![1])
  expect(all).toBeGreaterThan(3)
  await drag(at(0.05, 0.1), at(0.05, 0.1), ['Shift', 'Alt'])
  await expect(bar(page)).toContainText(`${all - 1} seeds`)
  // A press with Shift toggles one, and opens nothing.
  await drag(at(0.05, 0.1), at(0.05, 0.1), ['Shift'])
  await expect(bar(page)).toContainText(`${all} seeds`)
  await expect(inspector(page)).toBeHidden()
  await bar(page).getByRole('button', { name: 'Clear' }).click()
  await expect(bar(page)).toBeHidden()
})

test('on the page of a layer rows are picked the same way', async ({ page }) => {
  await page.goto('/layers/layer_1')
  const grid = page.getByRole('grid', { name: /^Seeds of layer_1 by time/ })
  await expect(grid).toHaveAttribute('aria-rowcount', /[1-9]/)
  await page.getByRole('main').focus()
  await page.keyboard.press('v')
  await expect(grid).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(bar(page)).toContainText('2 seeds in 1 layer')
  expect(await findViolations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(bar(page)).toBeHidden()
})

test('what was picked becomes a sentence that is edited and shared; what can not be read makes no command', async ({
  page,
}) => {
  await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('v')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('main').focus()
  await page.keyboard.press('c')
  await expect(page).toHaveURL(/\/commands.*#new$/)
  await expect(sentence(page)).toHaveValue('layer_0/0 layer_1/0')
  await sentence(page).fill('layer_0/0 layer_1/0, SLEEPY')
  await expect(panel(page).getByText(/“SLEEPY” can not be read/)).toBeVisible()
  await expect(panel(page).getByRole('group', { name: 'Kind of command' })).toBeHidden()
  await sentence(page).fill('layer_0..layer_2, health < 2')
  await expect(panel(page).getByRole('group', { name: 'Kind of command' })).toBeVisible()
  for (const name of ['layer_0', 'layer_1', 'layer_2'])
    await expect(panel(page).getByRole('button', { name, exact: true })).toHaveAttribute('aria-pressed', 'true')
  await panel(page).getByRole('button', { name: 'layer_1', exact: true }).click()
  await expect(sentence(page)).toHaveValue('layer_0 layer_2, health_score < 2')
  expect(await findViolations(page)).toEqual([])
  await page.reload()
  await expect(sentence(page)).toHaveValue('layer_0 layer_2, health_score < 2')
})

test('seeds that left the set since the preview are told before anything is sent', async ({ page }) => {
  await page.goto('/commands#new')
  // Seeds that sleep grow older with each tick: a set of the young ones empties by itself.
  const { layer } = await seedIn(page, 'DORMANT')
  const ages = async (): Promise<number[]> => {
    const { seeds } = (await (await page.request.get(`/api/layers/${layer}`)).json()) as {
      seeds: { state: string[]; metrics: { ticks_in_state: number[] } }
    }
    return seeds.metrics.ticks_in_state.filter((_, at) => seeds.state[at] === 'DORMANT')
  }
  await panel(page).getByRole('button', { name: layer, exact: true }).click()
  await panel(page).getByRole('group', { name: 'Kind of command' }).getByRole('button', { name: 'Blueprint' }).click()
  const oldest = Math.max(...(await ages()))
  const limit = oldest + 25
  await sentence(page).fill(`${layer}, DORMANT, ticks_in_state < ${limit}`)
  await panel(page).getByRole('group', { name: 'Kind of command' }).getByRole('button', { name: 'Blueprint' }).click()
  await panel(page).getByRole('textbox', { name: 'Blueprint' }).fill('bypass_mlp')
  await panel(page)
    .getByRole('textbox', { name: /^Reason/ })
    .fill('while they are young')
  await expect(panel(page).getByRole('list', { name: 'Targets' })).toContainText(/[1-9]\d* will change/)
  await expect.poll(async () => Math.max(...(await ages())), { timeout: 60_000 }).toBeGreaterThan(limit)
  await panel(page)
    .getByRole('button', { name: /^(Send|Propose|Refresh preview)/ })
    .click()
  await expect(
    panel(page)
      .getByText(/left the set since your (preview|last look)/)
      .first(),
  ).toBeVisible()
})
