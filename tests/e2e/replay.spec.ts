/*
 * Time travel in the real product: a moment by link, replay at 64 times, what is refused meanwhile, the timeline.
 * In: the product with its trainer and its durable history, two browsers. Out: the same picture and checksum in both; every event taken.
 * Invariant: what is compared is what the pages show, against what the server answers; nothing is staged.
 * Source: docs/ux.md "time travel", "pages: timeline"; features B1 to B7.
 */
import { readFileSync } from 'node:fs'
import { expect, test, type APIRequestContext, type Locator, type Page } from '@playwright/test'
import { conductor, findViolations, inspector, openLive, readSeeds, showTable } from './actions.ts'

interface Coverage {
  readonly run_id: string
  readonly from: number | null
  readonly to: number | null
}

/** Waits until at least so much of the newest run is recorded. */
async function recorded(
  request: APIRequestContext,
  leastMs: number,
): Promise<{ run: string; from: number; to: number }> {
  const read = async (): Promise<Coverage> => (await (await request.get('/api/replay/coverage')).json()) as Coverage
  await expect
    .poll(
      async () => {
        const { from, to } = await read()
        return from === null || to === null ? 0 : to - from
      },
      { timeout: 90_000 },
    )
    .toBeGreaterThan(leastMs)
  const { run_id: run, from, to } = await read()
  return { run, from: from!, to: to! }
}

const checksum = async (page: Page): Promise<string> => {
  const chip = conductor(page).getByTestId('checksum')
  await expect(chip).toContainText(/have the checksum [0-9a-f]{16}/)
  return /checksum ([0-9a-f]{16})/.exec(await chip.innerText())![1]!
}

test('a moment that is shared by its link is the same picture with the same checksum in another browser', async ({
  browser,
  page,
  request,
}) => {
  await recorded(request, 20_000)
  const errors = await openLive(page)
  await conductor(page).getByRole('button', { name: 'Past' }).click()
  await expect(conductor(page)).toContainText('FIXED')
  await expect(page).toHaveURL(/run=[^&]+.*at=\d{4}-\d\d-\d\dT/)
  const own = await checksum(page)
  await showTable(page)
  const seeds = await readSeeds(page)
  expect(seeds.length).toBeGreaterThan(3)

  const context = await browser.newContext()
  const other = await context.newPage()
  await other.goto(page.url())
  await expect(conductor(other)).toContainText('FIXED')
  expect(await checksum(other)).toBe(own)
  // The table came with the link.
  await expect(other.getByRole('table', { name: /^Seeds of/ })).toBeVisible()
  expect(await readSeeds(other)).toEqual(seeds)
  // Time goes on; the moment does not.
  await expect(other.getByRole('contentinfo')).toContainText('FIXED')
  expect(await readSeeds(other)).toEqual(seeds)
  await context.close()

  expect(await findViolations(page)).toEqual([])
  await page.getByRole('main').focus()
  await page.keyboard.press('n')
  await expect(conductor(page)).toContainText('LIVE')
  await expect(page).not.toHaveURL(/at=/)
  expect(errors).toEqual([])
})

test('a replay at 64 times takes every event that the record holds, and stands at its end', async ({
  page,
  request,
}) => {
  const { run, from } = await recorded(request, 30_000)
  // By then each layer has reported: at the very first moment of the record one or two may not have.
  const begin = Math.ceil(from) + 2_000
  await openLive(page, `?run=${run}&at=${new Date(begin).toISOString()}`)
  await expect(conductor(page)).toContainText('FIXED')
  await conductor(page).getByRole('combobox', { name: 'Speed' }).selectOption('64')
  await page.getByRole('main').focus()
  await page.keyboard.press('Space')
  await expect(conductor(page)).toContainText('end of the record', { timeout: 60_000 })
  // Against the server itself: everything after the moment it began at, up to the one it stands at.
  const at = new URL(page.url()).searchParams.get('at')!
  const window = `/api/replay/events?run=${run}&from=${begin}&to=${Date.parse(at)}`
  const { total, records } = (await (await request.get(window)).json()) as {
    total: number
    records: { at_ms: number }[]
  }
  const expected = total - records.filter((record) => record.at_ms <= begin).length
  expect(expected).toBeGreaterThan(0)
  const words = new Intl.NumberFormat('en').format(expected)
  await expect(conductor(page)).toContainText(`${words} of ${words} events`)
  await expect(conductor(page)).not.toContainText('MISSING')
})

test('keys step through the past: an event back, a picture on, ten seconds back, and to the present', async ({
  page,
  request,
}) => {
  await recorded(request, 30_000)
  await openLive(page)
  const at = (): number => Date.parse(new URL(page.url()).searchParams.get('at') ?? '')
  await page.getByRole('main').focus()
  await page.keyboard.press('Control+ArrowLeft')
  await expect(conductor(page)).toContainText('FIXED')
  await checksum(page)
  const first = at()
  await page.keyboard.press('Control+ArrowLeft')
  await expect.poll(at).toBe(first - 10_000)
  await page.keyboard.press(',')
  await expect.poll(at).toBeLessThan(first - 10_000)
  const event = at()
  await page.keyboard.press('Shift+ArrowRight')
  await expect.poll(at).toBeGreaterThan(event)
  await page.keyboard.press('>')
  await expect(conductor(page).getByRole('combobox', { name: 'Speed' })).toHaveValue('2')
  const slider = conductor(page).getByRole('slider', { name: 'Moment shown' })
  await slider.focus()
  await slider.press('Home')
  await expect(slider).toHaveAttribute('aria-valuetext', /UTC/)
  await expect.poll(at).toBeLessThan(event)
})

test('while the past is shown a command is refused with its reason, and the emergency stop says that it acts on live', async ({
  page,
  request,
}) => {
  await recorded(request, 15_000)
  const sent: string[] = []
  await openLive(page, '?layer=layer_0&seed=1&inspect=1')
  await conductor(page).getByRole('button', { name: 'Past' }).click()
  await expect(conductor(page)).toContainText('FIXED')
  page.on('request', (asked) => asked.url().includes('/api/commands') && sent.push(`${asked.method()} ${asked.url()}`))
  await page.getByRole('main').focus()
  await page.keyboard.press('c')
  await expect(inspector(page)).toContainText(
    'The past is shown: a command would meet a network that is no longer like this.',
  )
  await expect(inspector(page).getByRole('button', { name: 'Transition', exact: true })).toHaveCount(0)
  await expect(page.getByText('The emergency stop acts on LIVE, not on the moment shown.')).toBeVisible()
  await page.getByRole('button', { name: 'Emergency stop', exact: true }).click()
  const tray = page.getByRole('group', { name: 'Emergency stop: hold what is to stop' })
  await expect(tray).toContainText('Acts on LIVE, not on the moment shown.')
  await page.keyboard.press('Escape')
  expect(sent.filter((line) => line.startsWith('POST'))).toEqual([])
  await inspector(page).getByRole('button', { name: 'Go live' }).click()
  await expect(inspector(page).getByRole('button', { name: 'Transition', exact: true })).toBeVisible()
})

const rowsOf = (page: Page): Locator => page.getByRole('region', { name: /^Seeds of layer_0\. / }).getByRole('row')

/** What a layer's page says of a moment: its head, and every row with its age. */
async function layerWords(page: Page): Promise<readonly string[]> {
  await expect(page.getByText(/as of \d\d:\d\d:\d\d UTC/)).toBeVisible()
  await expect(page.getByText(/points: least and greatest of each \d+ s/)).toBeVisible()
  await expect.poll(() => rowsOf(page).count()).toBeGreaterThan(4)
  const head = await page.getByText(/as of \d\d:\d\d:\d\d UTC/).innerText()
  const points = await page.getByText(/points: least and greatest of each \d+ s/).innerText()
  return [head, points, ...(await rowsOf(page).allInnerTexts())]
}

test('layer, seed, run and the list of layers show a shared moment: the same values in another browser, and none of the present', async ({
  browser,
  page,
  request,
}) => {
  test.slow()
  const { run, to } = await recorded(request, 20_000)
  const moment = `run=${run}&at=${new Date(Math.floor(to) - 6_000).toISOString()}`
  const asked: string[] = []
  const errors: string[] = []
  page.on('request', (one) => asked.push(one.url()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`/layers/layer_0?${moment}`)
  await expect(conductor(page)).toContainText('FIXED')
  const own = await checksum(page)
  const words = await layerWords(page)
  expect(await findViolations(page)).toEqual([])
  await expect(page.getByText('Limits are those of the present.')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Alerts' })).toContainText('of the present')

  const context = await browser.newContext()
  const other = await context.newPage()
  await other.goto(page.url())
  await expect(conductor(other)).toContainText('FIXED')
  expect(await checksum(other)).toBe(own)
  expect(await layerWords(other)).toEqual(words)
  // Time goes on; the moment does not.
  await expect
    .poll(async () => ((await (await request.get('/api/replay/coverage')).json()) as Coverage).to)
    .toBeGreaterThan(to + 3_000)
  expect(await layerWords(page)).toEqual(words)
  await context.close()
  await page.goto(`/layers/layer_0/seeds/1?${moment}`)
  await expect(page.getByText(/^The past is shown: /)).toBeVisible()
  await expect(page.getByText(/before the moment, limits of the present/)).toBeVisible()
  const row = words.find((text) => text.startsWith('1\t'))!.split('\t')
  await expect(page.getByRole('region', { name: 'Seed 1' })).toContainText(row[1]!.trim())
  expect(await checksum(page)).toBe(own)
  expect(await findViolations(page)).toEqual([])
  // Once the moment is there nothing of the present is asked for, however long it is looked at.
  asked.splice(0)
  const since = (await (await request.get('/api/replay/coverage')).json()) as Coverage
  await expect
    .poll(async () => ((await (await request.get('/api/replay/coverage')).json()) as Coverage).to)
    .toBeGreaterThan(since.to! + 3_000)
  expect(asked.filter((url) => /\/seeds\/1(\/series)?\?/.test(url))).toEqual([])

  await page.goto(`/run?${moment}`)
  await expect(page.getByText(/^The past is shown: /)).toBeVisible()
  await expect(page.getByText(/of the present, from the heartbeats/)).toBeVisible()
  await expect(page.getByText(/being blended then|had an alpha above 0/)).toBeVisible()
  await expect.poll(() => asked.filter((url) => /\/api\/runs\/[^?]+\?.*at=\d+/.test(url)).length).toBeGreaterThan(0)
  expect(await findViolations(page)).toEqual([])

  await page.goto(`/layers?${moment}`)
  await expect(page.getByText(/^3 of .*, as of \d\d:\d\d:\d\d UTC$/)).toBeVisible()
  await expect(page.getByRole('region', { name: 'Layers of the run' }).getByRole('row')).toHaveCount(4)
  await conductor(page).getByRole('button', { name: 'Go live' }).click()
  await expect(page.getByText(/as of \d\d:\d\d:\d\d UTC$/)).toHaveCount(0)
  await expect(page.getByRole('region', { name: 'Layers of the run' }).getByRole('row')).toHaveCount(4)
  expect(errors).toEqual([])
})

test('a page that can only show the present says so, and leads to the moment', async ({ page, request }) => {
  const { run, to } = await recorded(request, 15_000)
  await page.goto(`/bus?run=${run}&at=${new Date(Math.floor(to) - 5_000).toISOString()}`)
  await expect(page.getByText(/^This page shows the present, not/)).toBeVisible()
  await expect(page.getByText(/Of streams and groups no past is kept/)).toBeVisible()
  await page.getByRole('link', { name: 'Show the moment' }).click()
  await expect(page.getByText(/^The past is shown: \d\d:\d\d:\d\d UTC/)).toBeVisible()
  await expect(conductor(page)).toContainText('FIXED')
})

test('the timeline shows what happened and how seeds went, as pictures and tables, and picks the seeds of a ribbon', async ({
  page,
  request,
}) => {
  const { run } = await recorded(request, 20_000)
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await expect
    .poll(
      async () => {
        const flow = (await (await request.get(`/api/replay/flow?run=${run}`)).json()) as { of: number }
        return flow.of
      },
      { timeout: 90_000 },
    )
    .toBeGreaterThan(0)
  await openLive(page)
  await page.getByRole('main').focus()
  await page.keyboard.press('g')
  await page.keyboard.press('t')
  await expect(page.getByRole('main', { name: 'Timeline' })).toBeVisible()
  await expect(page.getByRole('figure', { name: /^What happened from .* transitions [\d,]+/ })).toBeVisible()
  await expect(page.getByRole('figure', { name: /^Seeds by state over time/ })).toBeVisible()
  const ribbon = page.getByRole('button', { name: /^Pick the seeds of [\d,]+ from / }).first()
  await ribbon.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('link', { name: /[\d,]+ picked: to the commands/ })).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Tables', exact: true }).click()
  await expect(page.getByRole('region', { name: 'What happened, as a table' })).toBeVisible()
  await expect(page.getByRole('table', { name: 'Transitions in this stretch' })).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  await expect(
    page.getByRole('table', { name: 'Runs that are kept, newest first' }).getByRole('link').first(),
  ).toBeVisible()
  // A row of the table is a way to its moment.
  await page.getByRole('region', { name: 'What happened, as a table' }).getByRole('button').first().click()
  await expect(conductor(page)).toContainText('FIXED')
  await page.getByRole('button', { name: 'Up to the moment', exact: true }).click()
  await expect(page.getByText(/^up to \d\d:\d\d:\d\d UTC$/)).toBeVisible()
  await page.getByRole('button', { name: 'Then and now', exact: true }).click()
  await expect(page.getByRole('region', { name: 'Then', exact: true }).getByRole('grid')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Now', exact: true }).getByRole('grid')).toBeVisible()
  expect(await findViolations(page)).toEqual([])
  expect(errors).toEqual([])
})

interface DecodedGif {
  readonly pictures: number
  readonly repeats: number
  readonly size: string
  readonly delaysMs: readonly number[]
  /** Pixels of the captions that differ between the first and the last picture. */
  readonly captionsMoved: number
}

/** What the browser's own decoder makes of a file. */
const decodeGif = (page: Page, file: Buffer): Promise<DecodedGif> =>
  page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const decoder = new ImageDecoder({ data: bytes, type: 'image/gif' })
    await Promise.all([decoder.tracks.ready, decoder.completed])
    const { frameCount: pictures, repetitionCount: repeats } = decoder.tracks.selectedTrack!
    const canvas = new OffscreenCanvas(1, 1)
    const pen = canvas.getContext('2d')!
    const captions: Uint8ClampedArray[] = []
    const delaysMs: number[] = []
    let size = ''
    for (let frameIndex = 0; frameIndex < pictures; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex })
      delaysMs.push((image.duration ?? 0) / 1_000)
      size = `${image.displayWidth}x${image.displayHeight}`
      if (frameIndex === 0 || frameIndex === pictures - 1) {
        Object.assign(canvas, { width: image.displayWidth, height: image.displayHeight })
        pen.drawImage(image, 0, 0)
        // Where the moment is written.
        captions.push(pen.getImageData(20, 12, 340, 32).data)
      }
      image.close()
    }
    const [first, last] = captions
    const captionsMoved = first!.reduce((sum, value, at) => sum + Number(value !== last![at]), 0)
    return { pictures, repeats, size, delaysMs, captionsMoved }
  }, file.toString('base64'))

test('a stretch leaves the page as a GIF, ten pictures a second with the moment written in, by code that is fetched only then', async ({
  page,
  request,
}) => {
  await recorded(request, 15_000)
  const scripts: Promise<string>[] = []
  page.on('response', (answer) => {
    if (new URL(answer.url()).pathname.endsWith('.js')) scripts.push(answer.text().catch(() => ''))
  })
  await page.goto('/timeline')
  await expect(page.getByRole('figure', { name: /^What happened/ })).toBeVisible()
  await page.getByRole('button', { name: 'Film…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Film' })
  await dialog.getByRole('combobox', { name: 'Length' }).selectOption('5')
  await dialog.getByRole('combobox', { name: 'Kind' }).selectOption('gif')
  await expect(dialog).toContainText('image/gif')
  const withGif = async (): Promise<number> =>
    (await Promise.all(scripts)).filter((text) => text.includes('GIF89a')).length
  expect(await withGif()).toBe(0)
  await dialog.getByRole('button', { name: 'Make the film' }).click()
  await expect(dialog).toContainText('The film is ready', { timeout: 90_000 })
  const link = dialog.getByRole('link', { name: /^Save .*\.gif$/ })
  expect(await withGif()).toBeGreaterThan(0)
  const saved = page.waitForEvent('download')
  await link.click()
  const film = await saved
  expect(film.suggestedFilename()).toMatch(/\.gif$/)
  const gif = await decodeGif(page, readFileSync(await film.path()))
  expect(gif).toMatchObject({ pictures: 50, size: '1280x720', repeats: Infinity })
  expect(new Set(gif.delaysMs)).toEqual(new Set([100]))
  expect(gif.captionsMoved).toBeGreaterThan(0)
})

test('a stretch leaves the page as a bundle and as a film', async ({ page, request }) => {
  await recorded(request, 15_000)
  await page.goto('/timeline')
  await expect(page.getByRole('figure', { name: /^What happened/ })).toBeVisible()
  const bundle = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Bundle' }).click()
  expect((await bundle).suggestedFilename()).toMatch(/\.tar$/)
  await page.getByRole('button', { name: 'Film…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Film' })
  await dialog.getByRole('combobox', { name: 'Length' }).selectOption('5')
  await dialog.getByRole('button', { name: 'Make the film' }).click()
  await expect(dialog).toContainText('The film is ready', { timeout: 60_000 })
  const film = page.waitForEvent('download')
  await dialog.getByRole('link', { name: /^Save / }).click()
  expect((await film).suggestedFilename()).toMatch(/\.(webm|mp4)$/)
})
