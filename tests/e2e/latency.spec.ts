/*
 * The Latency page: by key from anywhere, stage by stage, from a bucket to the entry behind it.
 * In: the product with its trainer. Out: what an operator finds.
 * Invariant: charts and tables say the same; the choice is in the address; recharts is loaded by this page and not by Live.
 * Source: docs/ux.md "pages: latency"; features C1 to C6.
 */
import { expect, test } from '@playwright/test'
import { findViolations, openLive } from './actions.ts'

test('from the live page by key to a stage, a bucket and the entry of a slow message', async ({ page }) => {
  const errors = await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('g')
  await page.keyboard.press('n')
  await expect(page.getByRole('main', { name: 'Latency' })).toBeVisible()
  const stages = page.getByRole('region', { name: 'Table of stages' })
  await expect(stages.getByRole('row', { name: /^Handle.*µs|^Handle.*ms/ })).toBeVisible({ timeout: 20_000 })
  await expect(stages.getByRole('row', { name: /^Produce.*ms|^Produce.*µs/ })).toBeVisible()

  await stages.getByRole('button', { name: 'Deliver' }).click()
  await expect(page).toHaveURL(/#stage=deliver/)
  await expect(page.getByRole('figure', { name: /^Deliver: .* messages, half within/ })).toBeVisible()
  await page.getByRole('button', { name: 'Cumulative' }).click()
  await expect(page.getByRole('button', { name: 'Cumulative' })).toHaveAttribute('aria-pressed', 'true')
  expect(await findViolations(page)).toEqual([])

  await page.getByRole('button', { name: 'Tables' }).click()
  const buckets = page.getByRole('region', { name: 'Table of buckets' })
  await buckets.getByRole('button').first().click()
  await expect(page.getByRole('button', { name: 'Whole window' })).toBeVisible()
  await page.getByRole('button', { name: 'Whole window' }).click()
  const message = page.getByRole('button', { name: /Packed telemetry/ }).first()
  await message.click()
  await expect(page.getByText(/"publishedAtS"|"message_type": "LayerHealthReport"/)).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  expect(errors).toEqual([])
})

test('a link opens stage, window and layer; a layer nobody measured is said not to be measured', async ({ page }) => {
  await page.goto('/latency#stage=queue&window=900&layer=nowhere')
  await expect(page.getByRole('button', { name: '15 min' })).toHaveAttribute('aria-pressed', 'true')
  await expect(page.getByRole('combobox', { name: 'Layer' })).toHaveValue('nowhere')
  await expect(page.getByText(/^Not measured: no telemetry/)).toBeVisible()
  await expect(page.getByText('not measured', { exact: true }).first()).toBeVisible()
})
