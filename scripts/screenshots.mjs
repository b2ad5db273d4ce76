/*
 * screenshots: pictures of every page into docs/images, taken by a real browser from the real product.
 * In: BASE_URL of a running product, else one is started on a free port with an empty data folder. Out: PNG files.
 * Invariant: nothing is staged: the pictures show the built-in trainer's own run, after at least one seed was kept.
 * Source: docs/adr/0001-toolchain.md.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium } from '@playwright/test'
import { findChromium } from './chromium.mjs'
import { shrinkPng } from './pngSize.mjs'
import { ROOT, complain, localNode, runProgram, say, signalChildren, stopChildrenOnSignals } from './steps.mjs'

const FOLDER = path.join(ROOT, 'docs', 'images')
const PAGES = [{ name: 'live', path: '/' }]
const SIZES = [
  { suffix: '', width: 1440, height: 900 },
  { suffix: '-phone', width: 360, height: 800 },
]
const THEMES = ['dark', 'light']
const GROWN_DEADLINE_MS = 180_000
/** Long enough for curves and sparklines of a page just opened to fill with what is retained. */
const SETTLE_MS = 6_000

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(String(port)))
    })
  })
}

/** Waits until the trainer has kept a seed: a picture without growth would show the wrong thing. */
async function untilGrown(base) {
  const end = performance.now() + GROWN_DEADLINE_MS
  let last = 'no answer yet'
  while (performance.now() < end) {
    try {
      const { layers } = await (await fetch(`${base}/api/layers`)).json()
      const kept = layers.reduce((sum, layer) => sum + (layer.states.FOSSILIZED ?? 0), 0)
      if (kept > 0) return
      last = `${layers.length} layers, none of their seeds kept yet`
    } catch (error) {
      last = error.message
    }
    await sleep(1_000)
  }
  throw new Error(`no seed was kept within ${GROWN_DEADLINE_MS / 1000} s (${last})`)
}

async function takeOne(browser, base, page, size, theme) {
  const context = await browser.newContext({
    viewport: { width: size.width, height: size.height },
    colorScheme: theme,
    deviceScaleFactor: 1,
    reducedMotion: 'reduce',
  })
  try {
    await context.addInitScript((chosen) => localStorage.setItem('theme', chosen), theme)
    const tab = await context.newPage()
    const problems = []
    tab.on('pageerror', (error) => problems.push(error.message))
    await tab.goto(`${base}${page.path}`)
    await tab.getByRole('main').waitFor()
    await sleep(SETTLE_MS)
    if (problems.length > 0) throw new Error(`the page failed: ${problems[0]}`)
    const name = `${page.name}-${theme}${size.suffix}.png`
    const picture = shrinkPng(await tab.screenshot({ type: 'png' }))
    writeFileSync(path.join(FOLDER, name), picture)
    say(`${name}: ${Math.round(picture.length / 1024)} KB`)
  } finally {
    await context.close()
  }
}

async function takeAll(base) {
  await untilGrown(base)
  mkdirSync(FOLDER, { recursive: true })
  const found = await findChromium()
  const browser = await chromium.launch({
    executablePath: found.executablePath,
    args: found.args,
    env: { ...process.env, ...found.env },
  })
  try {
    for (const page of PAGES) {
      for (const size of SIZES) for (const theme of THEMES) await takeOne(browser, base, page, size, theme)
    }
  } finally {
    await browser.close()
  }
}

async function withOwnProduct(body) {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'morphoscope-shots-'))
  const tidy = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 })
  stopChildrenOnSignals(tidy)
  const port = await freePort()
  const env = {
    PORT: port,
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    BUS: undefined,
    REDIS_URL: undefined,
    LOG_LEVEL: 'warn',
  }
  const product = runProgram('the product', localNode(), [path.join(ROOT, 'scripts', 'run.mjs')], { env, quiet: false })
  try {
    const ended = product.then(({ code }) => Promise.reject(new Error(`the product ended with code ${code}`)))
    await Promise.race([body(`http://127.0.0.1:${port}`), ended])
  } finally {
    signalChildren('SIGTERM')
    await product
    tidy()
  }
}

try {
  const given = process.env.BASE_URL?.replace(/\/$/, '')
  if (given) await takeAll(given)
  else await withOwnProduct(takeAll)
} catch (error) {
  complain(`screenshots: ${error.message}`)
  process.exitCode = 1
}
