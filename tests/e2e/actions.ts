/*
 * Actions: the verbs of the stories: what an operator does and looks at, by roles and labels.
 * In: a Playwright page. Out: verbs; the axe report and console errors as lists to assert on.
 * Invariant: no selector by class or structure; the canvas is read through its table twin.
 * Source: docs/ux.md "accessibility"; features H5.
 */
import AxeBuilder from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'

export interface SeedRow {
  readonly seed: string
  readonly state: string
  readonly value: string
  readonly age: string
}

/** Opens the live page and waits for the first seeds; collects console errors from the first byte on. */
export async function openLive(page: Page, query = ''): Promise<string[]> {
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`/${query}`)
  await expect(page.getByRole('heading', { name: 'Seeds', exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: /Freshness.*\d\.\d s/ })).toBeVisible()
  return errors
}

export const heatmap = (page: Page): Locator => page.getByRole('grid', { name: /Seeds by layer/ })
export const inspector = (page: Page): Locator => page.getByRole('complementary', { name: /^Seed / })
export const conductor = (page: Page): Locator => page.getByRole('contentinfo')

/** Switches to the table twin, if it is not shown. */
export async function showTable(page: Page): Promise<void> {
  const toggle = page.getByRole('button', { name: 'Table', exact: true })
  if ((await toggle.getAttribute('aria-pressed')) === 'false') await toggle.click()
  await expect(page.getByRole('table', { name: /^Seeds of/ })).toBeVisible()
}

/** Reads the table twin. */
export async function readSeeds(page: Page): Promise<readonly SeedRow[]> {
  const rows = page.getByRole('table', { name: /^Seeds of/ }).getByRole('row')
  const cells = await rows.evaluateAll((elements) =>
    elements.slice(1).map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent?.trim() ?? '')),
  )
  return cells.map((row) => ({
    seed: row[0] ?? '',
    state: row[1] ?? '',
    value: row.at(-3) ?? '',
    age: row.at(-1) ?? '',
  }))
}

/** Pauses or goes on with the keyboard, away from any control. */
export async function pressSpace(page: Page): Promise<void> {
  await page.getByRole('main').focus()
  await page.keyboard.press('Space')
}

/** Reads how many frames wait behind the pause; 0 when nothing says so. */
export async function waitingFrames(page: Page): Promise<number> {
  const text = await conductor(page).innerText()
  return Number(/([\d,]+) frames waiting/.exec(text)?.[1]?.replaceAll(',', '') ?? 0)
}

/** Chooses a theme by pressing the switch until it says so. */
export async function chooseTheme(page: Page, theme: 'dark' | 'light'): Promise<void> {
  const toggle = page.getByRole('button', { name: /^Theme:/ })
  for (let press = 0; press < 3; press++) {
    if ((await toggle.getAttribute('aria-label'))?.startsWith(`Theme: ${theme}`)) return
    await toggle.click()
  }
  await expect(toggle).toHaveAccessibleName(new RegExp(`^Theme: ${theme}`))
}

/** Runs axe and gives every finding, of whatever impact, one line each. */
export async function findViolations(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(
    (violation) =>
      `${violation.impact} ${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`,
  )
}

/** Presses Tab until the accessible name of the focus matches; answers the names passed. */
export async function tabThrough(page: Page, presses: number): Promise<readonly string[]> {
  const names: string[] = []
  for (let press = 0; press < presses; press++) {
    await page.keyboard.press('Tab')
    names.push(
      await page.evaluate(() => {
        const focus = document.activeElement
        if (!focus || focus === document.body) return ''
        const label =
          focus.getAttribute('aria-label') ?? (focus instanceof HTMLSelectElement ? focus.id : focus.textContent)
        return (label ?? '').trim()
      }),
    )
  }
  return names
}

/** A seed in that state; waits until there is one. */
export async function seedIn(
  page: Page,
  state: string,
  except: readonly string[] = [],
): Promise<{ layer: string; seed: number }> {
  let found: { layer: string; seed: number } | null = null
  await expect
    .poll(
      async () => {
        const { layers } = (await (await page.request.get('/api/layers')).json()) as { layers: { layer_id: string }[] }
        for (const { layer_id: layer } of layers) {
          const { seeds } = (await (await page.request.get(`/api/layers/${layer}`)).json()) as {
            seeds: { seed_id: number[]; state: string[] }
          }
          const at = seeds.state.findIndex(
            (name, index) => name === state && !except.includes(`${layer}/${seeds.seed_id[index]}`),
          )
          if (at >= 0) found = { layer, seed: seeds.seed_id[at]! }
        }
        return found !== null
      },
      { timeout: 90_000 },
    )
    .toBe(true)
  return found!
}

export async function openComposer(page: Page, { layer, seed }: { layer: string; seed: number }): Promise<Locator> {
  await page.goto(`/?layer=${layer}&seed=${seed}&inspect=1`)
  const drawer = inspector(page)
  await expect(drawer).toBeVisible()
  await drawer.getByRole('button', { name: 'Command', exact: true }).click()
  return drawer
}
