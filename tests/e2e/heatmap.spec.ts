/*
 * The heatmap's two ways: drawn by the page's worker, and by the page itself where it has none: the same pixels, the same page.
 * In: the product's own drawing code, and the product with and without workers. Out: pixels compared; what an operator finds.
 * Invariant: no tolerance: a pixel that differs fails; leaving the page leaves no canvas and no second worker behind.
 * Source: docs/architecture.md "the browser"; docs/adr/0004-columns-on-the-hot-path.md.
 */
import { expect, test, type Page } from '@playwright/test'
import { startPageServer } from '../../benchmarks/support/pageServer.ts'
import type { TwinCase, TwinVerdict } from '../support/heatmapTwins.ts'
import { heatmap, inspector, openLive } from './actions.ts'

const SMALL = { layers: 3, seeds: 4, precision: 'exact', metric: 'health_score', width: 900, height: 420 } as const
const LARGE = { layers: 12, seeds: 1_000, precision: 'cells', metric: 'health_score', width: 700, height: 400 } as const
const CASES: readonly (readonly [string, TwinCase])[] = [
  ['a small run with figures, lines and tapes', { ...SMALL, mode: 'value', ratio: 1, theme: 'dark', ageMs: 0 }],
  ['a small run on a fine screen, light', { ...SMALL, mode: 'value', ratio: 2, theme: 'light', ageMs: 0 }],
  ['a small run by state', { ...SMALL, mode: 'state', ratio: 1.5, theme: 'light', ageMs: 0 }],
  ['a stale small run', { ...SMALL, mode: 'value', ratio: 1, theme: 'dark', ageMs: 20_000 }],
  ['a large run in bins of the worst', { ...LARGE, mode: 'value', ratio: 1, theme: 'dark', ageMs: 0 }],
  ['a large run by state, fine screen', { ...LARGE, mode: 'state', ratio: 2, theme: 'light', ageMs: 0 }],
  ['a stale large run', { ...LARGE, mode: 'value', ratio: 1, theme: 'light', ageMs: 20_000 }],
  ['cells with glyphs', { ...LARGE, seeds: 20, mode: 'state', ratio: 1, theme: 'dark', ageMs: 0 }],
]

test('worker and page draw the same pixels', async ({ page }) => {
  const server = await startPageServer('tests/support/heatmapTwins.ts')
  try {
    await page.goto(server.url)
    await page.waitForFunction(() => 'compareTwins' in globalThis)
    for (const [name, given] of CASES) {
      const verdict = await page.evaluate(
        (one) =>
          (globalThis as unknown as { compareTwins: (given: TwinCase) => Promise<TwinVerdict> }).compareTwins(one),
        given,
      )
      expect(verdict, name).toMatchObject({ different: 0, drawnBy: ['worker', 'page'] })
      expect(verdict.width, name).toBe(given.width * given.ratio)
      expect(verdict.drawn, name).toBeGreaterThan((verdict.width * verdict.height) / 4)
    }
  } finally {
    server.stop()
  }
})

/** Pixels of the heatmap that are drawn, by the page's own picture of the canvas. */
const drawnPixels = (page: Page): Promise<number> =>
  page.locator('[role=grid] canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement
    const copy = new OffscreenCanvas(Math.max(1, canvas.width), Math.max(1, canvas.height)).getContext('2d')!
    copy.drawImage(canvas, 0, 0)
    return new Uint32Array(copy.getImageData(0, 0, copy.canvas.width, copy.canvas.height).data.buffer).filter(Boolean)
      .length
  })

async function walk(page: Page): Promise<void> {
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(10_000)
  await heatmap(page).focus()
  for (const key of ['ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
  await expect(inspector(page)).toHaveAccessibleName(/^Seed layer_\d\/\d$/)
  await heatmap(page).hover({ position: { x: 300, y: 60 } })
  await expect(page.getByText(/seeds of the layer/)).toBeVisible()
}

test('the live page draws in one worker, which stays when pages are left and come back; their canvases do not', async ({
  page,
}) => {
  const errors = await openLive(page)
  await walk(page)
  expect(page.workers()).toHaveLength(1)
  for (let visit = 0; visit < 3; visit++) {
    await page.getByRole('link', { name: 'Bus', exact: true }).click()
    await expect(page.getByRole('main', { name: 'Bus' })).toBeVisible()
    await expect(page.locator('[role=grid] canvas')).toHaveCount(0)
    await page.getByRole('link', { name: 'Live', exact: true }).click()
    await expect.poll(() => drawnPixels(page)).toBeGreaterThan(10_000)
  }
  expect(page.workers()).toHaveLength(1)
  await expect(page.locator('[role=grid] canvas')).toHaveCount(1)
  expect(errors).toEqual([])
})

test('a browser without workers shows the same page and draws it itself', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'Worker'))
  const errors = await openLive(page)
  await walk(page)
  expect(page.workers()).toHaveLength(0)
  expect(errors).toEqual([])
})

test('a worker that dies is replaced: the page goes on drawing by itself', async ({ page }) => {
  await openLive(page)
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(10_000)
  const [worker] = page.workers()
  await worker!.evaluate(() => {
    setTimeout(() => {
      throw new Error('the test ends this worker')
    }, 0)
  })
  await expect.poll(() => page.workers().length).toBe(0)
  await walk(page)
})
