/*
 * stormActs: what a person does while alerts pour in: on the page of alerts, and on the Live page with the tray of the emergency stop.
 * In: an open page. Out: one turn of keys and clicks after the other; what the page shows at the end.
 * Invariant: real keys and real presses at real places, at the pace of a quick person; nothing is stopped by them.
 * Source: docs/performance.md "alert storm"; docs/ux.md "pages: alerts", "emergency stop".
 */
import type { Page } from '@playwright/test'
import { setTimeout as sleep } from 'node:timers/promises'

/** Between two presses of somebody who knows the keys. */
const PACE_MS = 120
/** The red button; what it opens lies in its shadow. */
const STOP = '#emergency-stop'

async function key(page: Page, name: string): Promise<void> {
  await page.keyboard.press(name)
  await sleep(PACE_MS)
}

/** Presses the middle of the first thing that fits and is in sight; false when there is none. */
async function press(page: Page, selector: string, at = 0): Promise<boolean> {
  const place = await page.evaluate(
    ([wanted, index]) => {
      const seen = [...document.querySelectorAll(wanted)].filter((one) => {
        const { top, bottom, height } = one.getBoundingClientRect()
        return height > 0 && top >= 0 && bottom <= innerHeight
      })
      const box = seen[index]?.getBoundingClientRect()
      return box === undefined ? null : { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    },
    [selector, at] as const,
  )
  if (place === null) return false
  await page.mouse.click(place.x, place.y)
  await sleep(PACE_MS)
  return true
}

/** One turn on the page of alerts: moves, acknowledges, shelves, selects, filters, unfolds, another tab and back. */
export async function turnOnAlerts(page: Page, turn: number): Promise<void> {
  await press(page, '.alert-row .alert-main', 1)
  for (const name of ['j', 'j', 'j', 'k', 'a', 'j', 'x', 'j', 'x', 'a', 's', 'Escape', 'ArrowDown', 'End', 'Home'])
    await key(page, name)
  await press(page, '.alert-row .alert-ack', 2)
  await press(page, '.alert-panel .alert-more')
  await page.mouse.wheel(0, 900)
  await sleep(PACE_MS)
  if (turn % 3 === 2) await press(page, '.alert-ack-group', 1)
  await press(page, 'input[type=search][aria-label="Words in the alert"]')
  for (const name of ['s', 't', 'o', 'r', 'm', 'Backspace', 'Backspace', 'Backspace', 'Backspace', 'Backspace'])
    await key(page, name)
  await press(page, '[role=tab]', 1)
  await press(page, '[role=tab]', 0)
  // Away from the list: it lets go, and what waited comes in.
  await page.mouse.move(4, 400)
  await press(page, '.pill')
}

/** One turn on the Live page: the grid, the inspector, the tray and its scope, the palette. */
export async function turnOnLive(page: Page, turn: number): Promise<void> {
  await press(page, '[role=grid]')
  for (const name of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'Enter', 'Escape']) await key(page, name)
  await key(page, 'Alt+Shift+KeyX')
  await sleep(PACE_MS)
  await key(page, 'Escape')
  await press(page, STOP)
  await key(page, 'Escape')
  await page.mouse.move(720, 300 + (turn % 5) * 20)
  await key(page, 'Control+KeyK')
  for (const name of ['l', 'a', 'y', 'Escape', 'Escape']) await key(page, name)
}

/** The alerts whose rows can be reached in the list as it stands, by scrolling it from its beginning to its end. */
export async function rowsInList(page: Page): Promise<ReadonlySet<string>> {
  const found = await page.evaluate(async () => {
    const list = document.querySelector<HTMLElement>('.alert-list')
    const seen = new Set<string>()
    if (list === null) return []
    const drawn = () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))
    const take = (): void => {
      for (const row of list.querySelectorAll<HTMLElement>('[data-alert]')) seen.add(row.dataset['alert'] ?? '')
    }
    list.scrollTop = 0
    for (let last = -1; last !== list.scrollTop;) {
      last = list.scrollTop
      await drawn()
      take()
      list.scrollTop += list.clientHeight / 2
    }
    return [...seen]
  })
  return new Set(found)
}
