/*
 * Access: who a page is for: the two operators of the demo, the first administrator, people who are let in and cut off again.
 * In: the product as a demo, and one of its own where people sign in. Out: what each of them sees and can do.
 * Invariant: whoever is cut off is on the sign-in page within seconds, without touching anything; pages have no violation.
 * Source: docs/security.md; docs/ux.md "sign-in".
 */
import { expect, test, type Browser, type Page } from '@playwright/test'
import { startTourProduct, until, type TourProduct } from '../../scripts/tour/tourProduct.ts'
import { findViolations } from './actions.ts'

const PASSWORD = 'correct horse battery'

test('in the demo the header says who one is, and makes one the other operator', async ({ page }) => {
  await page.goto('/bus')
  await page.getByRole('button', { name: /You are demo-1/ }).click()
  // The page starts anew with what the other one may see.
  await Promise.all([page.waitForEvent('load'), page.getByRole('radio', { name: 'demo-2' }).click()])
  await expect(page.getByRole('button', { name: /You are demo-2, operator, admin, auditor/ })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('button', { name: /You are demo-2/ })).toBeVisible()
  await page.goto('/login')
  await expect(page.getByRole('heading', { name: 'This is a demo on your own machine' })).toBeVisible()
})

test.describe('where people sign in', () => {
  let product: TourProduct
  test.beforeAll(async () => {
    product = await startTourProduct({ AUTH: 'required', TRAINER: 'off' })
  })
  test.afterAll(() => product.stop())

  const open = async (browser: Browser): Promise<Page> =>
    (await browser.newContext({ baseURL: product.url, reducedMotion: 'reduce' })).newPage()
  const signIn = async (page: Page, name: string, password: string): Promise<void> => {
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  test('the printed code makes the first administrator, who lets others in and cuts them off', async ({ browser }) => {
    const code = await until('the printed code', 10_000, () => Promise.resolve(product.firstCode()))
    const admin = await open(browser)
    await admin.goto('/bus')
    await expect(admin).toHaveURL(/\/login\?next=%2Fbus/)
    await admin.getByLabel('Code').fill('AAAA-AAAA-AAAA')
    await admin.getByLabel('Name to sign in with').fill('ada')
    await admin.getByLabel('Your name').fill('Ada')
    await admin.getByLabel('Password').fill(PASSWORD)
    await admin.getByRole('button', { name: /Make the account/ }).click()
    await expect(admin.getByRole('alert').filter({ hasText: 'not the printed code' })).toBeFocused()
    expect(await findViolations(admin)).toEqual([])
    await admin.getByLabel('Code').fill(code)
    await admin.getByLabel('Password').fill(PASSWORD)
    await admin.keyboard.press('Enter')
    await expect(admin).toHaveURL(/\/bus$/)

    await admin.getByRole('button', { name: /You are Ada/ }).click()
    await admin.getByRole('link', { name: 'People and tokens' }).click()
    const form = admin.getByRole('form', { name: 'New person' })
    await form.getByLabel('Name to sign in with').fill('bob')
    await form.getByLabel('Name', { exact: true }).fill('Bob')
    await form.getByLabel('First password').fill(PASSWORD)
    await form.getByRole('button', { name: 'Add person' }).click()
    await expect(admin.getByText('Bob can sign in as bob.')).toBeVisible()
    expect(await findViolations(admin)).toEqual([])

    const bob = await open(browser)
    await bob.goto('/')
    await signIn(bob, 'bob', 'not this password')
    await expect(bob.getByRole('alert').filter({ hasText: 'do not belong together' })).toBeVisible()
    await expect(bob.getByLabel('Name', { exact: true })).toHaveValue('bob')
    await signIn(bob, 'bob', PASSWORD)
    await expect(bob.getByRole('button', { name: 'You are Bob, viewer' })).toBeVisible()
    await bob.goto('/admin')
    await expect(bob.getByText('This page is for administrators')).toBeVisible()

    await admin.getByRole('row', { name: /Bob/ }).first().getByRole('button', { name: 'Disable' }).click()
    await admin.getByRole('button', { name: 'Yes, disable' }).click()
    await expect(bob).toHaveURL(/\/login\?next=%2Fadmin/, { timeout: 10_000 })
    await signIn(bob, 'bob', PASSWORD)
    await expect(bob.getByRole('alert').filter({ hasText: 'do not belong together' })).toBeVisible()
    await admin.getByRole('button', { name: /You are Ada/ }).click()
    await admin.getByRole('button', { name: 'Sign out' }).click()
    await expect(admin.getByRole('heading', { name: 'Sign in to Morphoscope' })).toBeVisible()
    await Promise.all([admin.context().close(), bob.context().close()])
  })

  test('a token is shown once, and a program gets in with it until it is ended', async ({ browser }) => {
    const admin = await open(browser)
    await admin.goto('/login')
    await signIn(admin, 'ada', PASSWORD)
    await admin.waitForURL((url) => url.pathname === '/')
    await admin.goto('/admin')
    const form = admin.getByRole('form', { name: 'New token' })
    await form.getByLabel('Token for').fill('robot')
    await form.getByRole('button', { name: 'Make token' }).click()
    const token = (await admin
      .getByText(/mst_[\w-]{43}/)
      .first()
      .textContent())!
    const ask = () =>
      fetch(`${product.url}/api/overview`, { headers: { authorization: `Bearer ${/mst_[\w-]{43}/.exec(token)![0]}` } })
    expect((await ask()).status).toBe(200)
    await admin.getByRole('button', { name: 'I have it' }).click()
    await expect(admin.getByText(/mst_/)).toHaveCount(0)
    await admin.getByRole('row', { name: /robot/ }).getByRole('button', { name: 'End' }).click()
    await admin.getByRole('button', { name: 'Yes, end' }).click()
    await expect(admin.getByText('robot has ended.')).toBeVisible()
    expect((await ask()).status).toBe(401)
    await admin.context().close()
  })
})
