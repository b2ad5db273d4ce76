/*
 * The pages beside Live: reached by key and by link on one connection, with one selection; a seed down to its raw entries.
 * In: the product with its trainer. Out: what an operator finds on each page.
 * Invariant: going from page to page opens no second socket and loses no selection; a cold link opens the same view.
 * Source: docs/ux.md "information architecture"; features A9, A10, H1, H7.
 */
import { expect, test, type Page } from '@playwright/test'
import { findViolations, openLive } from './actions.ts'

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  await page.getByRole('main').focus()
  for (const key of keys) await page.keyboard.press(key)
}

test('keys lead from page to page on one connection, and the selection comes along', async ({ page }) => {
  let sockets = 0
  page.on('websocket', (socket) => (sockets += socket.url().includes('/socket.io') ? 1 : 0))
  const errors = await openLive(page, '?layer=layer_1&seed=2')
  const connections = sockets
  await press(page, 'g', 'y')
  await expect(page.getByRole('main', { name: 'Layers' })).toBeVisible()
  await expect(page.getByRole('row', { name: /layer_2/ })).toBeVisible()
  await expect(page).toHaveURL(/\/layers\?.*layer=layer_1&seed=2/)
  await press(page, 'g', 'b')
  await expect(page.getByRole('main', { name: 'Bus' })).toBeVisible()
  await press(page, 'g', 'o')
  await expect(page.getByRole('main', { name: 'Run' })).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('main', { name: 'Bus' })).toBeVisible()
  await press(page, 'g', 'l')
  await expect(page.getByRole('heading', { name: 'Seeds', exact: true })).toBeVisible()
  await expect(page).toHaveURL(/layer=layer_1&seed=2/)
  expect(sockets).toBe(connections)
  expect(errors).toEqual([])
})

test('from a layer to a seed to the raw entry behind its numbers', async ({ page }) => {
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto('/layers/layer_0')
  await page.getByRole('button', { name: 'State', exact: true }).click()
  await expect(page.getByRole('columnheader', { name: /^State/ })).toHaveAttribute('aria-sort', 'descending')
  await page.getByRole('link', { name: '1', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Seed 1', exact: true })).toBeVisible()
  await expect(page.getByRole('figure', { name: /^Health over the window/ })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Lifecycle', exact: true })).toBeVisible()
  const newest = page.getByRole('button', { name: /TelemetryFrames.*valid/ }).first()
  await newest.click()
  await expect(page.getByText(/"frames_in_entry"/)).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('main').focus()
  await page.keyboard.press(']')
  await expect(page.getByRole('heading', { name: 'Seed 2', exact: true })).toBeVisible()
  expect(errors).toEqual([])
})

test('a layer and a seed nobody announced are said to be unknown', async ({ page }) => {
  await page.goto('/layers/nowhere')
  await expect(page.getByText('No layer named nowhere has been announced.')).toBeVisible()
  await page.goto('/layers/layer_0/seeds/77')
  await expect(page.getByText(/It may belong to another run/)).toBeVisible()
  expect((await page.goto('/layers/layer_0/seeds/x'))?.status()).toBe(404)
})
