/*
 * Redis taken away: killed with -9 and kept down, then frozen; what the page says meanwhile and after.
 * In: the product with its embedded redis-server, whose process the keeper's file names. Out: words, growing ages, a recovery
 *   without reload, and the gap with its cause.
 * Invariant: nothing is timed here; the outage is as long as the keeper is held, and the product's own record of it is read.
 * Source: docs/ux.md "freshness model"; docs/adr/0003-redis-streams-semantics.md.
 */
import { readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { conductor, findViolations, openLive, readSeeds, showTable } from './actions.ts'

interface Kept {
  readonly keeper: { readonly pid: number }
  readonly redis: { readonly pid: number }
}
const dataDir = process.env['E2E_DATA_DIR'] ?? path.join(tmpdir(), `morphoscope-e2e-${userInfo().uid}`)
const kept = (): Kept => JSON.parse(readFileSync(path.join(dataDir, 'redis', 'keeper.json'), 'utf8')) as Kept

/** Reads the step of the newest evaluation off the curve. */
async function shownStep(page: Page): Promise<number> {
  const name = await page.getByRole('figure', { name: /^Validation accuracy by step/ }).getAttribute('aria-label')
  return Number(/at step ([\d,]+)/.exec(name ?? '')?.[1]?.replaceAll(',', '') ?? -1)
}

test('Redis killed with -9: the page says so, ages grow, nothing shows zero, and it recovers with the gap marked', async ({
  page,
  request,
}) => {
  const errors = await openLive(page)
  await showTable(page)
  const before = await readSeeds(page)
  const stepBefore = await shownStep(page)
  let reloads = 0
  page.on('framenavigated', () => (reloads += 1))
  const { keeper, redis } = kept()
  // The keeper would restart Redis within 50 ms: it is held until the page has been read.
  process.kill(keeper.pid, 'SIGSTOP')
  try {
    process.kill(redis.pid, 'SIGKILL')
    await expect(page.getByRole('status').filter({ hasText: /Redis can not be reached at .*, for \d/ })).toBeVisible()
    await expect(page.getByRole('status').filter({ hasText: 'Training goes on' })).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await expect(page.getByRole('button', { name: /^Bus, redis.*(reconnecting|down) \d/ })).toBeVisible()
    await expect(page.getByRole('button', { name: /Freshness.*(late|stale)/ })).toBeVisible()
    await expect.poll(async () => (await readSeeds(page)).every((row) => /late|stale/.test(row.age))).toBe(true)
    const during = await readSeeds(page)
    expect(during.map((row) => row.seed)).toEqual(before.map((row) => row.seed))
    expect(during.filter((row) => /^(0|0\.00|–)$/.test(row.value))).toEqual([])
  } finally {
    process.kill(keeper.pid, 'SIGCONT')
  }
  await expect(page.getByRole('button', { name: /Freshness.*3\/3 layers fresh/ })).toBeVisible()
  await expect(page.getByRole('button', { name: /^Bus, redis.*up, \d/ })).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: 'can not be reached' })).toBeHidden()
  await expect(conductor(page).getByRole('figure', { name: /gap.*bus was down/ })).toBeVisible()
  await expect.poll(() => shownStep(page)).toBeGreaterThan(stepBefore)
  expect(kept().redis.pid).not.toBe(redis.pid)
  expect(reloads).toBe(0)
  expect(errors).toEqual([])
  // What the server recorded: a reconnect, and the bus up again since a moment after the kill.
  const bus = (await (await request.get('/api/bus')).json()) as {
    state: string
    reconnects: number
    cause: string | null
  }
  expect(bus).toMatchObject({ state: 'up', cause: null })
  expect(bus.reconnects).toBeGreaterThan(0)
})

test('Redis frozen: an answer that never comes is an outage as well', async ({ page }) => {
  await openLive(page)
  const { redis } = kept()
  process.kill(redis.pid, 'SIGSTOP')
  try {
    await expect(page.getByRole('button', { name: /Freshness.*(stale|silent)/ })).toBeVisible()
    await expect(page.getByRole('status').filter({ hasText: /can not be reached|stale|silent/ })).toBeVisible()
    await expect(page.getByRole('region', { name: 'Now, why, next' })).toContainText("I don't know")
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
  await expect(page.getByRole('button', { name: /Freshness.*3\/3 layers fresh/ })).toBeVisible()
})
