/*
 * setup: makes a fresh clone runnable, and a prepared one ready in a fraction of a second.
 * In: a mode (a key of MODES). Out: node_modules, a redis-server or the word that there is none, a browser, built pages.
 * Invariant: runs on the built-ins of any Node >= 20.9; may be interrupted anywhere and run again; two runs take turns.
 * Source: docs/adr/0001-toolchain.md.
 */
import path from 'node:path'
import { fetchPostgres, findPostgres } from './postgresBinary.mjs'
import { fetchRedisServer, findRedisServer } from './redisBinary.mjs'
import { ensureNextBuild } from './nextBuild.mjs'
import { ensurePackages } from './packages.mjs'
import { takeLock } from './processLock.mjs'
import { ROOT, complain, localNode, runProgram, say, seconds, stopChildrenOnSignals } from './steps.mjs'

const OLDEST_NODE = [20, 9]
/** What each mode prepares: the scope of packages, a browser, built pages. */
const MODES = {
  start: { scope: 'run', browser: false, build: true },
  dev: { scope: 'run', browser: false, build: false },
  check: { scope: 'all', browser: false, build: false },
  test: { scope: 'all', browser: true, build: false },
  screenshots: { scope: 'all', browser: true, build: true },
  bench: { scope: 'all', browser: true, build: true },
}

/** Says which Node is needed; null when this one will do. */
export function nodeTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return null
  return `Morphoscope needs Node ${OLDEST_NODE.join('.')} or newer to set itself up; this is ${version}. See https://nodejs.org.`
}

async function ensureRedis(mode, onStart) {
  if (process.env.BUS === 'memory') return say('bus: in-process (BUS=memory)')
  if (process.env.REDIS_URL && mode !== 'test') return say('bus: the Redis of REDIS_URL')
  let found = findRedisServer()
  let why = null
  if (!found) {
    say('redis-server: not on PATH; fetching it into .cache (no root needed, about 5 s)')
    why = await fetchRedisServer(onStart)
    found = findRedisServer()
  }
  if (found) return say(`bus: redis-server from ${found.origin === 'PATH' ? found.path : 'the project cache'}`)
  if (mode === 'test' && process.env.CI === 'true') {
    throw new Error(`redis-server: ${why}. With CI=true the tests must run against a real one.`)
  }
  say(`bus: in-process, because no redis-server can be had here (${why})`)
}

/** Only the tests need it: the product keeps its records in SQLite unless DATABASE_URL names a Postgres. */
async function ensurePostgres(onStart) {
  let found = findPostgres()
  let why = null
  if (!found) {
    say('postgres: not found; fetching it into .cache for the tests (no root needed, about 10 s)')
    why = await fetchPostgres(onStart)
    found = findPostgres()
  }
  if (found) return say(`postgres: ${found.origin === 'PATH' ? found.folder : 'from the project cache'}`)
  if (process.env.CI === 'true')
    throw new Error(`postgres: ${why}. With CI=true the tests must run against a real one.`)
  say(`postgres: none can be had here (${why}); its tests are skipped`)
}

async function ensureBrowser() {
  // In a process of its own under the product's Node: the npm browser's package does not support older ones.
  const code = `const { findChromium } = await import('./scripts/chromium.mjs'); console.log((await findChromium()).origin)`
  const result = await runProgram('unpacking the browser', localNode(), ['--input-type=module', '--eval', code])
  if (result.code !== 0)
    throw new Error(`browser: ${result.tail.find((line) => line.includes('Error')) ?? 'none runs here'}`)
  say(`browser: ${result.tail.at(-1) === 'system' ? "the system's Chromium" : 'Chromium from npm'}`)
}

/** Waits for both, then throws what either failed with: nothing goes on behind the back of a stopped set-up. */
async function together(first, second) {
  const failed = (await Promise.allSettled([first, second])).find(({ status }) => status === 'rejected')
  if (failed) throw failed.reason
}

async function orThrow(problem) {
  const text = await problem
  if (text) throw new Error(text)
}

async function prepare(mode, onStart) {
  const { scope, browser, build } = MODES[mode]
  await together(orThrow(ensurePackages(scope, onStart)), ensureRedis(mode, onStart))
  if (mode === 'test') await ensurePostgres(onStart)
  if (browser) await ensureBrowser()
  if (build) await orThrow(ensureNextBuild(onStart))
}

async function main() {
  const mode = process.argv[2] ?? 'start'
  if (!Object.hasOwn(MODES, mode)) throw new Error(`unknown mode ${mode}: one of ${Object.keys(MODES).join(', ')}`)
  const tooOld = nodeTooOld(process.versions.node)
  if (tooOld) throw new Error(tooOld)
  const startedMs = performance.now()
  const lock = await takeLock(path.join(ROOT, '.cache', 'setup.lock'), {
    onWait: (pid) => say(`another set-up is running here (process ${pid}); waiting for it`),
  })
  stopChildrenOnSignals(() => lock.release())
  try {
    await prepare(mode, (pid) => lock.child(pid))
  } finally {
    lock.release()
  }
  const ms = performance.now() - startedMs
  if (ms > 2_000) say(`set up in ${seconds(ms)}`)
}

if (process.argv[1] && path.basename(process.argv[1]) === 'setup.mjs') {
  try {
    await main()
  } catch (error) {
    complain(`set-up stopped: ${error.message}`)
    process.exitCode = 1
  }
}
