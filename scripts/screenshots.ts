/*
 * screenshots: pictures of every page in every state, taken by a real browser from the real product.
 * In: --states a,b (all), --pages a,b (all). Out: the living pages into docs/images, the other states whole into .cache/screenshots,
 *   and one sheet per page with all of its states into docs/images/states.
 * Invariant: nothing is staged in the page (see tour/stateTour.ts); a page that logs an error fails the run.
 * Source: docs/adr/0001-toolchain.md; docs/ux.md "states of a page".
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Browser } from '@playwright/test'
import { findChromium } from './chromium.mjs'
import { shrinkPng } from './pngSize.mjs'
import { ROOT, complain, say, stopChildrenOnSignals } from './steps.mjs'
import {
  STATE_CAUSES,
  TOUR_PAGES,
  TOUR_SIZES,
  TOUR_STATES,
  tourStates,
  type TourLook,
  type TourPage,
  type TourState,
  type TourStop,
} from './tour/stateTour.ts'

const IMAGES = path.join(ROOT, 'docs', 'images')
const WHOLE = path.join(ROOT, '.cache', 'screenshots')
const LOOKS: readonly TourLook[] = TOUR_SIZES.flatMap((size) =>
  (['dark', 'light'] as const).map((theme) => ({ theme, size })),
)
/** Width of one picture on a sheet, CSS px. */
const SHEET_WIDTH = { desktop: 520, phone: 180 }
const JPEG_QUALITY = 72

const lookName = ({ theme, size }: TourLook): string => `${theme}${size.name === 'phone' ? '-phone' : ''}`
const wholeFile = (page: TourPage, state: TourState, look: TourLook): string =>
  path.join(WHOLE, `${page.name}-${state}-${lookName(look)}.png`)

async function takePicture(stop: TourStop): Promise<void> {
  const picture = await stop.tab.screenshot({ type: 'png', animations: 'disabled' })
  writeFileSync(wholeFile(stop.page, stop.state, stop), picture)
  if (stop.state === 'live')
    writeFileSync(path.join(IMAGES, `${stop.page.name}-${lookName(stop)}.png`), shrinkPng(picture))
  if (stop.problems.length > 0) throw new Error(`${stop.page.name}, ${stop.state}: the page said "${stop.problems[0]}"`)
}

/** Puts the pictures of one page side by side: a row per state, a column per look. */
async function writeSheet(browser: Browser, page: TourPage, states: readonly TourState[]): Promise<void> {
  const cell = (state: TourState, look: TourLook): string => {
    const data = readFileSync(wholeFile(page, state, look)).toString('base64')
    return `<td><img alt="" width="${SHEET_WIDTH[look.size.name]}" src="data:image/png;base64,${data}"></td>`
  }
  const rows = states.map(
    (state) =>
      `<tr><th>${state}<br><small>${STATE_CAUSES[state]}</small></th>${LOOKS.map((look) => cell(state, look)).join('')}</tr>`,
  )
  const style =
    'body{margin:16px;font:15px system-ui;background:#fff;color:#1b2330}td,th{vertical-align:top;padding:6px;text-align:left}th{width:130px}img{border:1px solid #7c8794}'
  const tab = await browser.newPage({ viewport: { width: 1_640, height: 900 } })
  await tab.setContent(`<!doctype html><style>${style}</style><table>${rows.join('')}</table>`)
  const sheet = await tab.screenshot({ type: 'jpeg', quality: JPEG_QUALITY, fullPage: true })
  writeFileSync(path.join(IMAGES, 'states', `${page.name}.jpg`), sheet)
  say(`docs/images/states/${page.name}.jpg: ${Math.round(sheet.length / 1_024)} KB`)
  await tab.close()
}

function pick<T>(flag: string, text: string | undefined, all: readonly T[], nameOf: (one: T) => string): readonly T[] {
  if (text === undefined) return all
  return text.split(',').map((name) => {
    const found = all.find((one) => nameOf(one) === name)
    if (found === undefined) throw new Error(`--${flag}: ${name} is none of ${all.map(nameOf).join(', ')}`)
    return found
  })
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { states: { type: 'string' }, pages: { type: 'string' } } })
  const states = pick('states', values.states, TOUR_STATES, (state) => state)
  const pages = pick('pages', values.pages, TOUR_PAGES, (page) => page.name)
  for (const folder of [path.join(IMAGES, 'states'), WHOLE]) mkdirSync(folder, { recursive: true })
  stopChildrenOnSignals()
  const found = await findChromium()
  const browser = await chromium.launch({
    executablePath: found.executablePath,
    args: found.args,
    env: { ...(process.env as Record<string, string>), ...found.env },
  })
  try {
    await tourStates({ browser, looks: LOOKS, states, pages, visit: takePicture, say })
    if (values.states === undefined) for (const page of pages) await writeSheet(browser, page, states)
  } finally {
    await browser.close()
  }
}

try {
  await main()
} catch (error) {
  complain(`screenshots: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
