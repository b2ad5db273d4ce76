/*
 * Why did accuracy drop? A real fault in a real trainer, and its answer on the page: click the drop, press w, open the thread. Lives
 * and origins of values beside it.
 * In: a product of its own without a trainer, a trainer on its Redis that can be broken. Out: what an operator finds, by roles and words.
 * Invariant: the accuracy falls because the weights do; nothing is published by hand.
 * Source: docs/ux.md "causal thread", "what changed", "life page", "number provenance"; features F7.
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { startTourProduct, type TourProduct } from '../../scripts/tour/tourProduct.ts'
import { startLiveTrainer } from '../support/liveTrainer.ts'
import { findViolations, openLive } from './actions.ts'

const FAULT = 'noise-of-the-test'
const curveOf = (page: Page): Locator => page.getByRole('slider', { name: /^Validations of the host/ })
const drawer = (page: Page): Locator => page.getByRole('dialog', { name: /^What changed before \d\d:\d\d:\d\d UTC\?/ })

function watchErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  return errors
}

interface Point {
  readonly at_ms: number
  readonly val_accuracy: number | null
}

test.describe('with a trainer that can be broken', () => {
  let product: TourProduct
  let bus: MessageBus
  let live: Awaited<ReturnType<typeof startLiveTrainer>>

  const curve = async (): Promise<readonly Point[]> => {
    const answer = await fetch(`${product.url}/api/runs/${live.run.run_id}?points=1000`)
    return answer.ok ? ((await answer.json()) as { curve: readonly Point[] }).curve : []
  }

  test.beforeAll(async () => {
    test.setTimeout(180_000)
    product = await startTourProduct({ TRAINER: 'off' })
    bus = createRedisBus({ url: product.redisUrl, clock, name: 'broken-trainer' })
    await bus.start()
    live = await startLiveTrainer(bus, { options: { seed: 1, faultsAllowed: true }, stepsPerS: 300 })
    await expect
      .poll(async () => Math.max(0, ...(await curve()).map((point) => point.val_accuracy ?? 0)), { timeout: 90_000 })
      .toBeGreaterThan(0.78)
  })
  test.afterAll(async () => {
    await live.stop()
    await bus.stop()
    await product.stop()
  })

  test('the drop is answered with a click, a key and a link: the fault stands first, its thread tells the rest', async ({
    page,
  }) => {
    const errors = watchErrors(page)
    await page.goto(`${product.url}/run?run=${live.run.run_id}`)
    await expect(curveOf(page)).toBeVisible()
    const best = Math.max(...(await curve()).map((point) => point.val_accuracy ?? 0))
    const injectedMs = clock.wallMs()
    await live.link.execute({
      key: FAULT,
      commandId: FAULT,
      entry: 'test',
      expiresAtMs: injectedMs + 60_000,
      command: {
        type: 'fault',
        correlationId: null,
        fault: { faultId: FAULT, kind: 'label_noise', ratio: 0.9, steps: 1_500 },
      },
    })
    await expect
      .poll(
        async () => {
          const after = (await curve()).filter((point) => point.at_ms > injectedMs)
          return after.some((point) => (point.val_accuracy ?? 1) < best - 0.05)
        },
        { timeout: 60_000 },
      )
      .toBe(true)

    // Click the drop: the newest end of the curve.
    const box = await curveOf(page).boundingBox()
    if (!box) throw new Error('the curve has no place')
    await page.mouse.click(box.x + box.width - 84, box.y + box.height / 2)
    await expect(curveOf(page)).toHaveAttribute('aria-valuetext', /^step [\d,]+, \d\d:\d\d:\d\d UTC: [\d.]+ %$/)
    await page.keyboard.press('w')
    await expect(drawer(page)).toBeVisible()
    const first = drawer(page).getByRole('listitem').first().getByRole('link')
    await expect(first).toContainText(`fault ${FAULT} injected`)
    await expect(first).toContainText('touches this run')
    await expect(first).toBeFocused()
    expect(await findViolations(page)).toEqual([])

    await first.click()
    await expect(page).toHaveURL(/\/threads\/fault/)
    await expect(page.getByRole('heading', { name: new RegExp(`fault ${FAULT} injected`) })).toBeVisible()
    const thread = page.getByRole('list', { name: 'Causal thread' })
    await expect(thread.getByText('Validation accuracy')).toBeVisible()
    await expect(thread.getByText(/ later$/).first()).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.setViewportSize({ width: 390, height: 844 })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(wide).toBe(0)
    expect(errors).toEqual([])
  })

  test('the same by keyboard alone, and the button asks the same question', async ({ page }) => {
    const errors = watchErrors(page)
    await page.goto(`${product.url}/run?run=${live.run.run_id}`)
    await curveOf(page).focus()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowLeft')
    await expect(curveOf(page)).toHaveAttribute('aria-valuetext', /^step [\d,]+, /)
    await page.keyboard.press('w')
    await expect(drawer(page)).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(drawer(page)).toBeHidden()
    await page.getByRole('button', { name: /^What changed before \d\d:\d\d:\d\d\?$/ }).click()
    await drawer(page).getByRole('combobox', { name: 'Look back' }).selectOption('3600')
    await expect(drawer(page).getByText(`fault ${FAULT} injected`)).toBeVisible()
    await page.keyboard.press('Escape')
    // Where the chosen value comes from.
    await curveOf(page).focus()
    await page.keyboard.press('V')
    const origin = page.getByRole('dialog', { name: 'Validation accuracy' })
    await expect(origin.getByText(/^kasmina\.event\.layer\./)).toBeVisible()
    await expect(origin.getByText('raw, one validation of the host as its event tells it')).toBeVisible()
    await origin.getByRole('button', { name: 'Open raw message' }).click()
    await expect(origin.getByText(/^EvaluationEvent, [\d,]+ bytes, valid/)).toBeVisible()
    await expect(origin.getByRole('region', { name: 'Raw message' })).toContainText('"val_accuracy"')
    expect(await findViolations(page)).toEqual([])
    expect(errors).toEqual([])
  })

  test('one life: its guards against their thresholds, its command, and the way from the seed and back', async ({
    page,
  }) => {
    const errors = watchErrors(page)
    let grown: { readonly layer_id: string; readonly seed_id: number } | undefined
    await expect
      .poll(
        async () => {
          const answer = await fetch(`${product.url}/api/runs/${live.run.run_id}?points=1`)
          const { lives } = (await answer.json()) as { lives: readonly NonNullable<typeof grown>[] }
          grown = lives[0]
          return grown !== undefined
        },
        { timeout: 90_000 },
      )
      .toBe(true)
    await page.goto(`${product.url}/layers/${grown!.layer_id}/seeds/${grown!.seed_id}?run=${live.run.run_id}`)
    await page.getByRole('link', { name: 'Whole life' }).click()
    await expect(page).toHaveURL(/\/lives\/\d+/)
    const life = page.getByRole('list', { name: 'Life', exact: true })
    await expect(life.getByText('Transition', { exact: true }).first()).toBeVisible()
    await expect(life.getByText(', passed').first()).toBeAttached()
    await expect(page.getByText(/guard readings, \d+ commands/)).toBeVisible()
    expect(await findViolations(page)).toEqual([])
    await page.getByRole('heading', { level: 1 }).getByRole('link').click()
    await expect(page.getByRole('heading', { name: `Seed ${grown!.seed_id}`, exact: true })).toBeVisible()
    expect(errors).toEqual([])
  })
})

test('Alt and a click on a value shows its stream, its entry, its three times, and leads to the raw message', async ({
  page,
}) => {
  const errors = await openLive(page)
  await page.goto('/layers/layer_0')
  const value = page.getByRole('button', { name: /, copy Health with its provenance$/ }).first()
  await value.click({ modifiers: ['Alt'] })
  const origin = page.getByRole('dialog', { name: /^Health of layer_0\/\d$/ })
  await expect(origin.getByText(/^kasmina\.telemetry\.shard\.\d+$/)).toBeVisible()
  await expect(origin.getByText('raw, as its entry carries it')).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await origin.getByRole('link', { name: 'Open raw message' }).click()
  await expect(page).toHaveURL(/\/layers\/layer_0\/seeds\/\d\?.*#raw/)
  expect(errors).toEqual([])
})

test('a thread nobody knows is said to be unknown, with how far back is kept', async ({ page }) => {
  await page.goto('/threads/nobody-knows-this')
  await expect(page.getByText(/no thread nobody-knows-this is kept/)).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await page.goto('/layers/layer_0/seeds/0/lives/999999')
  await expect(page.getByText(/no life 999999 of layer_0 seed 0/)).toBeVisible()
  expect((await page.goto('/layers/layer_0/seeds/0/lives/x'))?.status()).toBe(404)
})
