/*
 * Cut off: what the page says and shows when the server does not answer it.
 * In: the product, with the browser's network switched off. Out: words, growing ages, an offer to retry, a recovery without reload.
 * Invariant: nothing on the page looks fresh while nothing arrives, and no zero appears.
 * Source: docs/ux.md "freshness model"; features A18, H11.
 */
import { expect, test } from '@playwright/test'
import { conductor, openLive, readSeeds, showTable } from './actions.ts'

test('says that the server can not be reached, lets values grow old, and recovers by itself', async ({
  page,
  context,
}) => {
  await openLive(page)
  await showTable(page)
  const before = await readSeeds(page)
  // An open websocket survives the switch: a new page load under it does not, so the socket is closed from within.
  await context.setOffline(true)
  await page.evaluate(() => dispatchEvent(new Event('offline')))
  const banner = page.getByRole('status').filter({ hasText: 'The server can not be reached' })
  await expect(banner).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('button', { name: 'Retry now' })).toBeVisible()
  await expect(conductor(page)).toContainText('NO LIVE DATA')
  await expect(page.getByRole('button', { name: /Freshness.*(stale|silent)/ })).toBeVisible()
  const after = await readSeeds(page)
  expect(after).toHaveLength(before.length)
  expect(after.every((row) => /stale|silent/.test(row.age))).toBe(true)
  await expect(page.getByRole('region', { name: 'Now, why, next' })).toContainText("I don't know")
  await context.setOffline(false)
  await expect(conductor(page)).toContainText('LIVE')
  await expect(page.getByRole('button', { name: /Freshness.*3\/3 layers fresh/ })).toBeVisible()
})
