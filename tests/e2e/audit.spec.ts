/*
 * The audit page on the running product: what is done is found, read, proved, exported and noted, with keys alone.
 * In: the product that `npm start` runs, as a demo. Out: what an auditor sees.
 * Invariant: what the page shows is what the API and the command line say; it has no violation and no horizontal scroll.
 * Source: docs/ux.md "pages: audit"; docs/audit.md.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test, type Page } from '@playwright/test'
import { findViolations } from './actions.ts'

const DATA_DIR = process.env['E2E_DATA_DIR'] ?? path.join(tmpdir(), `morphoscope-e2e-${userInfo().uid}`)
const run = promisify(execFile)

const rows = (page: Page) => page.getByRole('region', { name: /^Entries, newest first/ })
const query = (page: Page) => page.getByRole('combobox', { name: 'Query' })
const send = (page: Page, at: string, data: unknown, method = 'POST') =>
  page.request.fetch(at, { method, data, headers: { origin: new URL(page.url()).origin } })

async function openAudit(page: Page, hash = ''): Promise<string[]> {
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`/audit${hash}`)
  await expect(page.getByRole('main', { name: 'Audit' })).toBeVisible()
  return errors
}

test('an act and a refusal are found by keys alone, read as sentences, and walked along their thread', async ({
  page,
}) => {
  const errors = await openAudit(page)
  const name = `by keys ${Date.now()}`
  expect((await send(page, '/api/audit/notes', { text: name })).status()).toBe(201)
  await send(page, '/api/control', { action: 'take', reason: name })
  expect((await send(page, '/api/control', { action: 'take', reason: name })).status()).toBe(409)
  await send(page, '/api/control', { action: 'release', reason: name })

  await query(page).focus()
  await page.keyboard.type('outc')
  await expect(page.getByRole('option', { name: /outcome:/ })).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(query(page)).toHaveValue('outcome:')
  await page.keyboard.type('den')
  await expect(page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option')).toHaveText([/^denied/])
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  await expect(query(page)).toHaveValue('outcome:denied ')
  await page.keyboard.type('action:control.take')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/#q=outcome%3Adenied\+action%3Acontrol\.take/)
  await expect(rows(page).getByText('COMMAND_STATE').first()).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await expect(rows(page)).toBeFocused()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  const entry = page.getByRole('region', { name: /^Entry [\d,]+$/ })
  await expect(entry.getByText(/demo-1 took control .*and was refused \(COMMAND_STATE\)/)).toBeVisible()
  await expect(entry.getByText('signed by the key of this installation')).toBeVisible()
  await expect(entry.getByText(/in the log of [\d,]+ entries that a checkpoint signed/)).toBeVisible()
  await expect(page).toHaveURL(/entry=\d+/)
  expect(await findViolations(page)).toEqual([])

  await rows(page).focus()
  await page.keyboard.press('l')
  await page.keyboard.press('/')
  await expect(query(page)).toBeFocused()
  await page.getByRole('button', { name: 'Clear' }).click()
  await query(page).fill(`"${name}"`)
  await page.keyboard.press('Enter')
  await expect(rows(page).getByText('note.add')).toBeVisible()
  await expect(rows(page).getByText('control.release')).toBeVisible()
  expect(errors).toEqual([])
})

test('a query that is not understood says where and what is accepted, and changes nothing', async ({ page }) => {
  await openAudit(page, '#q=outcome:done')
  await expect(rows(page).getByText('done').first()).toBeVisible()
  await query(page).fill('acter:me')
  await expect(page.getByText(/Character 1: there is no token "acter:"; accepted are actor:/)).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/#q=outcome(:|%3A)done$/)
  await expect(page.getByRole('button', { name: 'Search' })).toBeDisabled()
})

test('what comes while somebody reads waits behind a pill, counts ask for themselves, a change shows before and after', async ({
  page,
}) => {
  await openAudit(page, '#flat=1')
  await expect(rows(page)).toBeVisible()
  const { version, limits } = (await (await page.request.get('/api/limits')).json()) as {
    version: number
    limits: { note: string }[]
  }
  const note = `seen ${Date.now() % 100_000}`
  const [first, ...others] = limits
  expect((await send(page, '/api/limits', { version, limits: [{ ...first, note }, ...others] }, 'PUT')).status()).toBe(
    200,
  )
  await page.getByRole('button', { name: /^\d+ new$/ }).click()
  await expect(rows(page).getByText('limits.change').first()).toBeVisible()
  const counts = page.getByRole('complementary', { name: 'Counts' })
  const acts = counts.getByRole('region', { name: 'Act' })
  // The eight most frequent acts stand there; what other tests did before may have made this one rarer than that.
  const [limitsChange, rest] = [
    acts.getByRole('button', { name: /^limits\.change/ }),
    acts.getByRole('button', { name: /^\d+ others?$/ }),
  ]
  await expect(limitsChange.or(rest).first()).toBeVisible()
  if (!(await limitsChange.isVisible())) await rest.click()
  await limitsChange.click()
  await expect(page).toHaveURL(/limits\.change/)
  await rows(page)
    .getByRole('row', { name: /limits\.change .*done/ })
    .first()
    .getByRole('button')
    .click()
  const entry = page.getByRole('region', { name: /^Entry [\d,]+$/ })
  await expect(entry.getByRole('row', { name: new RegExp(`note.*${note}`) })).toBeVisible()
  await expect(entry.getByRole('link', { name: '10 s before' })).toHaveAttribute('href', /^\/\?at=20/)
})

test('the chip says up to where it was verified and how long ago; an export verifies on the command line; a note is written', async ({
  page,
}) => {
  await openAudit(page)
  await expect(page.getByText(/^verified to [\d,]+, .* ago/)).toBeVisible()
  await page.getByText(/^verified to/).click()
  await expect(page.getByText('It can not show what was never written')).toBeVisible()
  await page.getByText(/^verified to/).click()
  await page.getByText('Note', { exact: true }).click()
  const form = page.getByRole('form', { name: 'Note for the log' })
  await form.getByLabel('What should be kept').fill('=HYPERLINK("x") from the page')
  await form.getByRole('button', { name: 'Write it' }).click()
  await expect(form.getByText(/Written as entry \d+/)).toBeVisible()
  await page.getByText('Export', { exact: true }).click()
  for (const [link, wanted] of [
    ['Signed bundle', /OK: \d+ entries, each signed/],
    ['CSV', /OK: \d+ rows, sealed as a whole/],
  ] as const) {
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: link }).click()
    const file = await (await download).path()
    const { stdout } = await run(process.execPath, [
      'scripts/morphoscope.mjs',
      'audit',
      'verify',
      file,
      '--keys',
      path.join(DATA_DIR, 'keys', 'audit.pub'),
    ])
    expect(stdout).toMatch(wanted)
    if (link === 'CSV') expect(readFileSync(file, 'utf8')).toContain(`"'=HYPERLINK(""x"") from the page"`)
  }
  expect(await findViolations(page)).toEqual([])
})

test('on a phone everything is there, without a horizontal scroll', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await openAudit(page)
  await expect(rows(page)).toBeVisible()
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(width).toBeLessThanOrEqual(390)
  await rows(page)
    .getByRole('button', { name: /^Open entry/ })
    .first()
    .click()
  await expect(page.getByRole('region', { name: /^Entry [\d,]+$/ })).toBeVisible()
  expect(await findViolations(page)).toEqual([])
})
