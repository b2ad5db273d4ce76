/*
 * chromium: which real browser the tests and the screenshots use.
 * In: PATH, else the browser packed inside an npm package. Out: executable, launch arguments, environment, origin.
 * Invariant: the npm browser is unpacked into a temporary folder of the project's cache, must answer --version there, and
 *   is moved into place by one rename: a half-unpacked browser is never found by the next run.
 * Source: docs/adr/0001-toolchain.md.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ROOT, isAlive } from './steps.mjs'

const SYSTEM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const PACKAGE = path.join(ROOT, 'node_modules', '@sparticuz', 'chromium')

function launchArgs() {
  const args = ['--disable-quic', '--disable-background-networking', '--disable-component-update']
  args.push('--disable-sync', '--no-first-run')
  // Chromium refuses its sandbox to root; everybody else keeps it where the kernel allows it.
  if (process.getuid?.() === 0 || process.env.BROWSER_SANDBOX === 'off') args.unshift('--no-sandbox')
  return args
}

function runs(file, env) {
  return (
    spawnSync(file, ['--version', '--no-sandbox'], { env: { ...process.env, ...env }, timeout: 30_000 }).status === 0
  )
}

function onSystem() {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const name of SYSTEM_NAMES) {
      const file = path.join(folder, name)
      try {
        accessSync(file, constants.X_OK)
      } catch {
        continue
      }
      if (runs(file, {})) return file
    }
  }
  return null
}

/** The packed browser writes where TMPDIR says, and takes an existing file for a finished one: hence a folder of its own. */
async function unpackInto(folder) {
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  try {
    const { default: packed } = await import('@sparticuz/chromium')
    await packed.executablePath()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}

async function fromPackage() {
  if (!existsSync(PACKAGE)) return null
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  const cache = path.join(ROOT, '.cache')
  const home = path.join(cache, `chromium-${version}`)
  const file = path.join(home, 'chromium')
  const env = existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: path.join(home, 'fonts') }
  if (existsSync(file)) return { executablePath: file, env }
  mkdirSync(cache, { recursive: true })
  for (const name of readdirSync(cache)) {
    const owner = /^chromium\.part-(\d+)$/.exec(name)?.[1]
    if (owner && !isAlive(Number(owner))) rmSync(path.join(cache, name), { recursive: true, force: true })
  }
  const part = path.join(cache, `chromium.part-${process.pid}`)
  mkdirSync(part, { recursive: true })
  try {
    await unpackInto(part)
    if (!runs(path.join(part, 'chromium'), {})) return null
    if (!existsSync(file)) renameSync(part, home)
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  return { executablePath: file, env }
}

/**
 * Finds the browser, unpacking the npm one when the system has none (about 5 s, once).
 * Rejects with a sentence that says what to install when neither runs.
 */
export async function findChromium() {
  const system = onSystem()
  if (system) return { executablePath: system, env: {}, origin: 'system', args: launchArgs() }
  const packed = await fromPackage()
  if (packed) return { ...packed, origin: 'npm', args: launchArgs() }
  throw new Error('No Chromium runs here: install one (Debian: apt install chromium), or the libraries nss and nspr.')
}
