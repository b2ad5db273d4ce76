/*
 * Two operators in two browsers: who has control, who decides, and what the one sees of what the other does.
 * In: the product in demo mode; demo-1 and demo-2, each in a browser of their own. Out: what both see.
 * Invariant: of two that decide at once one decision counts and both are told; of two that ask for the same one command exists.
 * Source: docs/commands.md "control", "two persons", "idempotency"; docs/ux.md "reviewers" 4.
 */
import { expect, test, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test'
import { findViolations, openComposer, seedIn } from './actions.ts'

type Who = 'demo-1' | 'demo-2'

interface Answer {
  readonly id: string
  readonly state: string
  readonly actor: string
  readonly final: boolean
  readonly approvals: readonly { readonly by: string; readonly decision: string }[]
}

const contexts: BrowserContext[] = []

/** A browser of that operator, on the page of commands. */
async function enter(browser: Browser, baseURL: string, who: Who): Promise<Page> {
  const context = await browser.newContext({ baseURL })
  contexts.push(context)
  const chosen = await context.request.post('/api/session/demo', {
    data: { operator: who },
    headers: { origin: baseURL },
  })
  expect(chosen.status()).toBe(200)
  const page = await context.newPage()
  await page.goto('/commands')
  await expect(page.getByRole('button', { name: new RegExp(`^You are ${who}`) })).toBeVisible()
  return page
}

const control = (page: Page): Locator => page.getByRole('region', { name: 'Control' })
const post = (page: Page, path: string, data: object, headers: Record<string, string> = {}) =>
  page.request.post(path, { data, headers: { origin: new URL(page.url()).origin, ...headers } })
const read = async (page: Page, id: string): Promise<Answer> =>
  (await (await page.request.get(`/api/commands/${id}`)).json()) as Answer
const idOf = async (card: Locator): Promise<string> =>
  (await card.getByRole('link', { name: 'Link to this command' }).getAttribute('href'))!.split('#')[1]!

/** A blueprint for a seed that sleeps: unlike a germination it never waits for a free slot of the trainer. */
async function chooseBlueprint(drawer: Locator, reason: string): Promise<void> {
  await drawer.getByRole('group', { name: 'Kind of command' }).getByRole('button', { name: 'Blueprint' }).click()
  await drawer.getByRole('combobox', { name: 'Blueprint' }).selectOption({ index: 1 })
  await drawer.getByRole('textbox', { name: /^Reason/ }).fill(reason)
}

/** Nobody has control, and nothing of these tests is left open. */
async function settle(page: Page): Promise<void> {
  const { commands } = (await (await page.request.get('/api/commands?state=open')).json()) as { commands: Answer[] }
  for (const { id } of commands) await post(page, `/api/commands/${id}/cancel`, { reason: 'the test is over' })
  const { control: token } = (await (await page.request.get('/api/ops')).json()) as {
    control: { holder: string | null }
  }
  if (token.holder !== null) await post(page, '/api/control', { action: 'take-over', reason: 'the test is over' })
  await post(page, '/api/control', { action: 'release', reason: '' })
}

let one: Page
let two: Page
test.beforeEach(async ({ browser, baseURL }) => {
  one = await enter(browser, baseURL!, 'demo-1')
  two = await enter(browser, baseURL!, 'demo-2')
  await settle(one)
  await expect(control(two)).toContainText('nobody')
})
test.afterEach(async () => {
  await settle(one)
  for (const context of contexts.splice(0)) await context.close()
})

test('control is asked for with a reason, handed over, and each sees who has it', async () => {
  await control(one).getByRole('button', { name: 'Take control' }).click()
  await expect(control(one)).toContainText('you (demo-1)')
  await expect(control(two).getByText('demo-1', { exact: true })).toBeVisible()
  // Taking over goes with a reason only; asking goes without force.
  await expect(control(two).getByRole('button', { name: 'Take it over' })).toBeDisabled()
  await control(two).getByRole('textbox', { name: 'Reason' }).fill('my watch begins')
  await control(two).getByRole('button', { name: 'Ask for it' }).click()
  await expect(control(one)).toContainText('demo-2 asks for control: my watch begins')
  await control(one).getByRole('button', { name: 'Hand it over' }).click()
  await expect(control(two)).toContainText('you (demo-2)')
  await expect(control(one)).not.toContainText('you (demo-1)')
  await expect(control(one).getByText('demo-2', { exact: true })).toBeVisible()
})

test('what somebody without control sends is a proposal that waits in the inbox of who has it', async () => {
  await control(two).getByRole('button', { name: 'Take control' }).click()
  await expect(control(two)).toContainText('you (demo-2)')
  const drawer = await openComposer(one, await seedIn(one, 'DORMANT'))
  await chooseBlueprint(drawer, 'a proposal')
  await expect(drawer.getByText(/demo-2 has control/)).toBeVisible()
  await drawer.getByRole('button', { name: /^(Propose|Send)/ }).click()
  const id = await idOf(drawer)
  await expect(drawer.getByText('You proposed it: somebody else decides.')).toBeVisible()
  expect((await read(one, id)).state).toBe('AWAIT_APPROVAL')

  const inbox = two.getByRole('tab', { name: /^Approvals/ })
  await expect(inbox).toContainText('1')
  await inbox.click()
  await two.getByRole('tabpanel', { name: 'Commands' }).getByRole('listitem').first().getByRole('button').click()
  await expect(two.getByRole('button', { name: 'Approve exactly this' })).toBeVisible()
  expect(await findViolations(two)).toEqual([])
  await two.getByRole('button', { name: 'Approve exactly this' }).click()
  await expect.poll(async () => (await read(one, id)).final, { timeout: 60_000 }).toBe(true)
  expect((await read(two, id)).approvals).toMatchObject([{ by: 'demo-2', decision: 'approve' }])
  await expect(inbox).toContainText('0')
  // Who proposed it sees who agreed, without asking.
  await expect(drawer.getByRole('list', { name: /^Stages/ })).toContainText(/approved/)
})

test('of two decisions at once the first counts, and the other one is told', async () => {
  await control(two).getByRole('button', { name: 'Take control' }).click()
  await expect(control(two)).toContainText('you (demo-2)')
  const place = await seedIn(one, 'DORMANT')
  const draft = {
    type: 'BlueprintUpdateCommand',
    layer_id: place.layer,
    seed_id: place.seed,
    blueprint_id: 'low_rank',
    reason: 'two decide',
  }
  const taken = await post(one, '/api/commands', draft, { 'idempotency-key': crypto.randomUUID() })
  expect(taken.status()).toBe(202)
  const { id } = (await taken.json()) as { id: string }
  await one.goto(`/commands#${id}`)
  await expect(one.getByText('You proposed it: somebody else decides.')).toBeVisible()
  const other = await two.context().newPage()
  for (const page of [two, other]) {
    await page.goto(`/commands#${id}`)
    await page.reload()
    await expect(page.getByRole('button', { name: 'Approve exactly this' })).toBeVisible()
  }
  // Each is held on its way until the other is on its way too: neither can be first by luck.
  const both = Promise.withResolvers<void>()
  let under = 0
  for (const page of [two, other])
    await page.route(`**/api/commands/${id}/approve`, async (route) => {
      if (++under === 2) both.resolve()
      await both.promise
      await route.continue()
    })
  const outcome: Promise<unknown>[] = [two, other].map((page) =>
    page.waitForResponse((response) => response.url().endsWith(`/api/commands/${id}/approve`)),
  )
  await two.getByRole('button', { name: 'Approve exactly this' }).click()
  await other.getByRole('button', { name: 'Refuse', exact: true }).click()
  const statuses = ((await Promise.all(outcome)) as { status(): number }[]).map((response) => response.status())
  expect(statuses.filter((status) => status < 300)).toHaveLength(1)
  const record = await read(one, id)
  expect(record.approvals).toHaveLength(1)
  const [winner, loser] = statuses[0]! < 300 ? [two, other] : [other, two]
  await expect(loser.getByRole('alert').filter({ hasText: 'Your decision did not count' })).toBeVisible()
  await expect(
    winner
      .getByText(/demo-2 (agreed|refused)/)
      .or(winner.getByText(/refused by demo-2/))
      // What was agreed goes on at once, and the layer's answer stands in its place.
      .or(winner.getByRole('list', { name: /^Stages/ }).getByText(/^approved/))
      .first(),
  ).toBeVisible()
  await expect.poll(async () => (await read(one, id)).state).not.toBe('AWAIT_APPROVAL')
  await expect(one.getByText('You proposed it: somebody else decides.')).toBeHidden()
})

test('of two that ask for the same at once one command exists, and the other sees whose it is', async () => {
  const place = await seedIn(one, 'DORMANT')
  const drawers = [await openComposer(one, place), await openComposer(two, place)]
  for (const drawer of drawers) {
    await chooseBlueprint(drawer, 'the same of two')
    await expect(drawer.getByRole('button', { name: /^Send/ })).toBeEnabled()
  }
  await Promise.all(drawers.map((drawer) => drawer.getByRole('button', { name: /^Send/ }).click()))
  const refused = drawers.map((drawer) => drawer.getByRole('alert').filter({ hasText: 'STATE_CONFLICT' }))
  await expect
    .poll(async () => (await Promise.all(refused.map((alert) => alert.isVisible()))).filter(Boolean).length)
    .toBe(1)
  const lost = (await refused[0]!.isVisible()) ? 0 : 1
  const won = 1 - lost
  const id = await idOf(drawers[won]!)
  await expect(refused[lost]!).toContainText(`demo-${won + 1}`)
  await expect(refused[lost]!).toContainText(id)
  const { commands } = (await (
    await one.request.get(`/api/commands?layer=${place.layer}&seed=${place.seed}&limit=5`)
  ).json()) as { commands: Answer[] }
  expect(commands.filter((command) => !command.final)).toHaveLength(1)
  expect((await read(two, id)).actor).toBe(`demo-${won + 1}`)
})
