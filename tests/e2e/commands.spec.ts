/*
 * Commands from the browser on the running trainer: one seed, many seeds, what is refused, and what a second person decides.
 * In: the product that `npm start` runs. Out: what an operator sees.
 * Invariant: each command ends in exactly one outcome that the page, the list and the API tell alike.
 * Source: docs/commands.md; docs/ux.md "composer".
 */
import { expect, test, type Locator, type Page } from '@playwright/test'
import { openComposer, seedIn } from './actions.ts'

interface CommandAnswer {
  readonly id: string
  readonly state: string
  readonly final: boolean
  readonly outcome: { readonly kind: string } | null
  readonly stages: readonly { readonly stage: string; readonly at: string }[]
}

interface BulkAnswer {
  readonly final: boolean
  readonly bulk: {
    readonly state: string
    readonly actions: readonly string[]
    readonly drift: { readonly left: number; readonly of: number } | null
  }
}

async function command(page: Page, id: string): Promise<CommandAnswer> {
  return (await (await page.request.get(`/api/commands/${id}`)).json()) as CommandAnswer
}

/** The id of the command that the card shows. */
async function shownId(card: Locator): Promise<string> {
  const href = await card.getByRole('link', { name: 'Link to this command' }).getAttribute('href')
  return href!.split('#')[1]!
}

test.describe.configure({ mode: 'serial' })

/** Asks for a germination until the layer's own guards let one through: the host must have levelled off and a slot be free. */
async function germinate(page: Page): Promise<{ drawer: Locator; id: string; place: { layer: string; seed: number } }> {
  const refusals: string[] = []
  // By the clock, not by a number of tries: on a fast machine twelve refusals are over before the host has levelled off.
  for (const untilMs = Date.now() + 150_000; Date.now() < untilMs;) {
    const place = await seedIn(page, 'DORMANT')
    const drawer = await openComposer(page, place)
    await drawer.getByRole('button', { name: /^Germinated/ }).click()
    await drawer.getByRole('textbox', { name: /^Reason/ }).fill('to see it train')
    await expect(drawer.getByText(/^Level 1/)).toBeVisible()
    await drawer.getByRole('button', { name: /^Send/ }).click()
    const id = await shownId(drawer)
    await expect.poll(async () => (await command(page, id)).final, { timeout: 30_000 }).toBe(true)
    const { state, outcome } = await command(page, id)
    if (state === 'APPLIED') return { drawer, id, place }
    // A refusal names its guard, on the page as well.
    expect(outcome).toMatchObject({ kind: 'rejected' })
    await expect(drawer.getByText(/refused|expects/).first()).toBeVisible()
    refusals.push(JSON.stringify(outcome))
    await page.waitForTimeout(2_000)
  }
  throw new Error(`no germination was let through in 150 s: ${[...new Set(refusals)].join('; ')}`)
}

test('germinates a dormant seed, tells each stage, and cancels it again', async ({ page }) => {
  test.setTimeout(240_000)
  const { drawer, id, place } = await germinate(page)
  const record = await command(page, id)
  expect(record.outcome?.kind).toBe('applied')
  expect(record.stages.map((stage) => stage.stage)).toEqual(expect.arrayContaining(['drafted', 'sent', 'applied']))
  await expect(drawer.getByRole('list', { name: /^Stages: applied/ })).toBeVisible()

  await drawer.getByRole('button', { name: 'Compose another' }).click()
  await drawer.getByRole('button', { name: /^Cancelled/ }).click()
  await expect(drawer.getByText(/^Level \d/)).toBeVisible()
  const hold = drawer.getByRole('button', { name: /hold/ })
  if (await hold.isVisible()) {
    await drawer.getByRole('textbox', { name: /^Reason/ }).fill('seen enough')
    await hold.scrollIntoViewIfNeeded()
    await hold.hover()
    await page.mouse.down()
    await expect(drawer.getByRole('link', { name: 'Link to this command' })).toBeVisible()
    await page.mouse.up()
  } else await drawer.getByRole('button', { name: /^Send/ }).click()
  const second = await shownId(drawer)
  await expect.poll(async () => (await command(page, second)).final, { timeout: 30_000 }).toBe(true)
  await page.goto(`/layers/${place.layer}/seeds/${place.seed}`)
  await expect(page.getByText('to see it train').first()).toBeVisible()
})

test('an illegal edge can be read but not chosen, and the API refuses it with the reason', async ({ page }) => {
  const place = await seedIn(page, 'DORMANT')
  const drawer = await openComposer(page, place)
  const fossil = drawer.getByRole('button', { name: /^Fossilised/ })
  await expect(fossil).toHaveAttribute('aria-disabled', 'true')
  await expect(fossil).toContainText(/needs|first|DORMANT/i)
  const refused = await page.request.post('/api/commands', {
    headers: { 'idempotency-key': crypto.randomUUID(), origin: new URL(page.url()).origin },
    data: {
      type: 'LifecycleTransitionCommand',
      layer_id: place.layer,
      seed_id: place.seed,
      target_state: 'FOSSILIZED',
    },
  })
  expect([409, 422]).toContain(refused.status())
  expect(((await refused.json()) as { detail: string }).detail).not.toBe('')
})

test('a command that is still held is taken back for certain with z', async ({ page }) => {
  const place = await seedIn(page, 'DORMANT')
  const drawer = await openComposer(page, place)
  await drawer.getByRole('button', { name: /^Germinated/ }).click()
  await drawer.getByRole('button', { name: /^Send/ }).click()
  const id = await shownId(drawer)
  await page.getByRole('main').focus()
  await page.keyboard.press('z')
  await expect.poll(async () => (await command(page, id)).state).toBe('CANCELLED')
  expect((await command(page, id)).stages.map((stage) => stage.stage)).not.toContain('sent')
})

test('a blueprint is given to a dormant seed', async ({ page }) => {
  const place = await seedIn(page, 'DORMANT')
  const drawer = await openComposer(page, place)
  await drawer.getByRole('group', { name: 'Kind of command' }).getByRole('button', { name: 'Blueprint' }).click()
  await drawer.getByRole('combobox', { name: 'Blueprint' }).selectOption({ index: 1 })
  await drawer.getByRole('textbox', { name: /^Reason/ }).fill('try another recipe')
  await drawer.getByRole('button', { name: /^Send/ }).click()
  const id = await shownId(drawer)
  await expect.poll(async () => (await command(page, id)).state, { timeout: 30_000 }).toBe('APPLIED')
})

test('many seeds go in waves, each verified before the next', async ({ page }) => {
  test.setTimeout(240_000)
  await page.goto('/commands#new')
  const panel = page.getByRole('region', { name: 'New command for many seeds' })
  for (const name of ['layer_0', 'layer_1', 'layer_2']) await panel.getByRole('button', { name, exact: true }).click()
  await panel
    .getByRole('group', { name: /^In state/ })
    .getByRole('button', { name: 'Dormant' })
    .click()
  await panel.getByRole('group', { name: 'Kind of command' }).getByRole('button', { name: 'Blueprint' }).click()
  await panel.getByRole('textbox', { name: 'Blueprint' }).fill('bypass_mlp')
  await panel.getByRole('textbox', { name: /^Reason/ }).fill('same recipe for all that sleep')
  await expect(panel.getByRole('list', { name: 'Targets' })).toContainText(/[1-9]\d* will change/)
  const count = await panel.getByLabel(/^Type how many seeds/).count()
  if (count > 0) {
    const asked = await panel.getByText(/^Type how many seeds will change: \d+/).textContent()
    await panel.getByLabel(/^Type how many seeds/).fill(/(\d+)$/.exec(asked!)![1]!)
  }
  await panel.getByRole('button', { name: /^(Send|Propose)/ }).click()
  const id = await shownId(panel)
  // The controller goes on growing meanwhile: when the set is no longer what was confirmed, it asks again, and is answered.
  await expect(async () => {
    const { final, bulk } = (await (await page.request.get(`/api/commands/${id}`)).json()) as BulkAnswer
    if (bulk.actions.includes('reconfirm')) {
      await panel.getByLabel('Type how many are left').fill(String(bulk.drift!.of - bulk.drift!.left))
      await panel.getByRole('button', { name: 'Confirm the new set' }).click({ timeout: 2_000 })
    } else if (bulk.state === 'halted') {
      // The controller took a seed of the wave first: the gate did its duty, and says why.
      await expect(panel.getByText(/^halted: wave \d did not hold/)).toBeVisible()
      await panel.getByRole('button', { name: 'Stop the run' }).click({ timeout: 2_000 })
    }
    expect(final).toBe(true)
  }).toPass({ timeout: 150_000, intervals: [1_000] })
  await expect(panel.getByRole('cell', { name: /[✓✕]/ }).first()).toBeVisible()
})

test('the list, the page of a command and its link agree', async ({ page }) => {
  await page.goto('/commands')
  await page.getByRole('tab', { name: /^History/ }).click()
  const first = page.getByRole('region', { name: 'Commands' }).getByRole('listitem').first()
  await first.getByRole('button').click()
  await expect(page).toHaveURL(/#[0-9a-f-]{36}$/)
  await page.reload()
  await expect(page.getByRole('list', { name: /^Stages/ })).toBeVisible()
})
