/*
 * Vitals: what the server, its threads, Redis and the producers use, on the Bus page; the producers of one run on its page.
 * In: the product with its trainer. Out: what an operator reads, by roles and words.
 * Invariant: a figure has its unit; what is not told reads "not measured"; a failure keeps the last answer.
 * Source: docs/ux.md "vitals"; features A16.
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { findViolations } from './actions.ts'

const vitals = (page: Page): Locator => page.getByRole('region', { name: 'Vitals', exact: true })
const fact = (page: Page, name: string): Locator =>
  vitals(page).locator('dl').getByText(name, { exact: true }).locator('xpath=../dd')

test('the Bus page tells what server, threads, Redis and producers use, with units, and goes on telling', async ({
  page,
}) => {
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto('/bus')
  await expect(vitals(page).getByText(/rates over/)).toBeVisible()
  await expect(fact(page, 'Server process')).toHaveText(/^\d+\.\d\d cores$/)
  await expect(fact(page, 'Its memory')).toHaveText(/^\d+\.\d (MB|GB), \d+\.\d (MB|GB) heap$/)
  await expect(fact(page, 'Event-loop delay, p99')).toHaveText(/^\d+\.\d ms$|^not measured$/)
  await expect(fact(page, 'Machine')).toHaveText(/^\d+ cores, load /)
  const threads = page.getByRole('region', { name: 'Threads of this server' })
  await expect(threads.getByRole('row').filter({ hasText: 'ingest' })).toContainText('running')
  // A load that has ended is a producer as well, and measures nothing any more.
  const producers = page.getByRole('region', { name: 'Producers and their machines' })
  const producer = producers.getByRole('row').filter({ hasText: 'trainer-' }).first()
  await expect(producer.getByRole('cell').nth(0)).toHaveText(/^\d+\.\d\d cores$/)
  // No producer here has a GPU: that is said, and is not 0.
  await expect(producer.getByRole('cell').nth(2)).toHaveText('not measured')
  expect(await findViolations(page)).toEqual([])
  expect(errors).toEqual([])
})

test('when vitals can not be had the last ones stay, and it is said', async ({ page }) => {
  await page.goto('/bus')
  await expect(vitals(page).getByText(/rates over/)).toBeVisible()
  await page.route('**/api/vitals', (route) =>
    route.fulfill({ status: 503, json: { code: 'BUS_UNAVAILABLE', detail: 'Nobody measures now.' } }),
  )
  await expect(vitals(page).getByText('Nobody measures now. (BUS_UNAVAILABLE) Asking again.')).toBeVisible()
  await expect(fact(page, 'Machine')).toHaveText(/^\d+ cores, load /)
  await page.unroute('**/api/vitals')
  await expect(vitals(page).getByText(/Nobody measures now/)).toBeHidden()
})

test('the Run page tells what the producers of that run use', async ({ page }) => {
  await page.goto('/run')
  const panel = page.getByRole('region', { name: 'Its machine' })
  await expect(panel.getByRole('row').nth(1).getByRole('cell').nth(0)).toHaveText(/^\d+\.\d\d cores$/)
})
