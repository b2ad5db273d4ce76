/*
 * Every page in every state it can be in, in both themes: no axe finding, no console error, nothing wider than the screen, and no
 * zero where nothing is known.
 * In: products of the tour's own; each state has its real cause. Out: a list of what is wrong, by page, state and look.
 * Invariant: what a tab shows is looked at while the state lasts; a state that never came about fails the test.
 * Source: docs/ux.md "states of a page"; features A18, H5, H6.
 */
import { expect, test } from '@playwright/test'
import { TOUR_PAGES, TOUR_SIZES, TOUR_STATES, tourStates, type TourStop } from '../../scripts/tour/stateTour.ts'
import { findViolations } from './actions.ts'

const [desktop, phone] = TOUR_SIZES
const LOOKS = [
  { theme: 'dark', size: desktop! },
  { theme: 'light', size: phone! },
] as const

test('every page, every state, dark on a desktop and light on a phone', async ({ browser }) => {
  test.setTimeout(50 * 60_000)
  const wrong: string[] = []
  const seen = new Set<string>()
  const visit = async (stop: TourStop): Promise<void> => {
    const where = `${stop.page.name}, ${stop.state}, ${stop.theme} ${stop.size.name}`
    seen.add(`${stop.page.name} ${stop.state}`)
    const wide = await stop.tab.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    if (wide > 0) wrong.push(`${where}: ${wide} px wider than the screen`)
    // While a page is late there is no time for a long look: the next state shows the same elements.
    if (stop.state !== 'late') for (const finding of await findViolations(stop.tab)) wrong.push(`${where}: ${finding}`)
    for (const problem of stop.problems) wrong.push(`${where}: the console says ${problem}`)
  }
  await tourStates({ browser, looks: LOOKS, visit, say: (text) => process.stdout.write(`  ${text}\n`) })
  expect(wrong).toEqual([])
  expect(seen.size).toBe(TOUR_PAGES.length * TOUR_STATES.length)
})
