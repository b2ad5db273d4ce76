/*
 * run: starts the product and stays its supervisor.
 * In: the environment (BUS, REDIS_URL, DATA_DIR; an .env file beside package.json) and --dev. Out: the server's exit code.
 * Invariant: exactly one signal path: the terminal's signals reach only this process, which tells the server, waits for it
 *   under a deadline, and lets Redis go last. If this process is killed outright, the server sees its standard input
 *   close and Redis's keeper sees its channel close: both end by themselves.
 * Source: docs/adr/0001-toolchain.md.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { startEmbeddedRedis } from './embeddedRedis.mjs'
import { takeLock } from './processLock.mjs'
import { findRedisServer } from './redisBinary.mjs'
import { ROOT, complain, localNode, say } from './steps.mjs'

const EX_CONFIG = 78
const STOP_DEADLINE_MS = 8_000
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

class ConfigurationError extends Error {}

/** Level by level: Node's own recursive form never returns under folders that pretend, like /proc. */
function makeFolder(folder) {
  if (existsSync(folder)) return
  makeFolder(path.dirname(folder))
  try {
    mkdirSync(folder)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
}

/** Takes the data folder for this run; null when another run has it. */
async function lockDataDir(dataDir) {
  try {
    makeFolder(dataDir)
    return await takeLock(path.join(dataDir, 'running.lock'), { patienceMs: 0 })
  } catch (error) {
    throw new ConfigurationError(
      `DATA_DIR is ${dataDir}, and nothing can be written there (${error.message}). Give a folder of yours, for example DATA_DIR=./data`,
    )
  }
}

/** Chooses the bus and says so in one line. */
async function chooseBus(env, dataDir) {
  const wanted = env.BUS
  if (wanted && wanted !== 'redis') return { env: { BUS: wanted }, text: wanted === 'memory' ? 'in-process' : wanted }
  if (env.REDIS_URL) return { env: { BUS: 'redis' }, text: 'the Redis of REDIS_URL' }
  const binary = findRedisServer()
  if (binary) {
    const redis = await startEmbeddedRedis(binary, dataDir)
    const from = binary.origin === 'PATH' ? binary.path : 'the project cache'
    return { env: { BUS: 'redis', REDIS_URL: redis.url }, text: `own redis-server (${from})`, redis }
  }
  if (wanted === 'redis') {
    throw new ConfigurationError(
      'BUS=redis, but REDIS_URL is not set and no redis-server was found. Set REDIS_URL=redis://host:6379, or install redis-server.',
    )
  }
  return { env: { BUS: 'memory' }, text: 'in-process: no redis-server found, nothing is kept over a restart' }
}

function spawnServer(dev, env) {
  const args = ['--enable-source-maps', 'server/main.ts', ...(dev ? ['--dev'] : [])]
  return spawn(localNode(), args, {
    cwd: ROOT,
    env: {
      ...env,
      NODE_ENV: dev ? 'development' : 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      MORPHOSCOPE_SUPERVISED: '1',
    },
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  })
}

/** Resolves with the exit code; a death by signal counts as 128 + its number, as shells do. */
function exitOf(server) {
  return new Promise((resolve) => {
    server.once('error', (error) => {
      complain(`the server could not be started: ${error.message}`)
      resolve(1)
    })
    server.once('exit', (code, signal) => resolve(code ?? 128 + (SIGNALS[signal] ?? 9)))
  })
}

/** Tells the server to stop; past the deadline it is killed with everything it started. */
function stopServer(server) {
  server.kill('SIGTERM')
  const fuse = setTimeout(() => {
    complain(`the server did not stop within ${STOP_DEADLINE_MS / 1000} s; killing it`)
    try {
      process.kill(-server.pid, 'SIGKILL')
    } catch {
      // It ended in this very moment.
    }
  }, STOP_DEADLINE_MS)
  server.once('exit', () => clearTimeout(fuse))
}

async function main() {
  const envFile = path.join(ROOT, '.env')
  if (existsSync(envFile)) process.loadEnvFile?.(envFile)
  if (!existsSync(localNode()))
    throw new Error('not set up yet: run npm start (it sets up first), or node scripts/setup.mjs')
  const dataDir = path.resolve(ROOT, process.env.DATA_DIR || 'data')
  const lock = await lockDataDir(dataDir)
  if (!lock) {
    throw new ConfigurationError(
      `another Morphoscope is running on ${dataDir}. Stop it, or give this one its own DATA_DIR (and PORT).`,
    )
  }
  let asked = null
  let server = null
  let bus = null
  for (const signal of Object.keys(SIGNALS)) {
    process.on(signal, () => {
      // The second Ctrl-C is a person who does not want to wait: the server understands it.
      if (asked) return void server?.kill('SIGTERM')
      asked = signal
      if (server) stopServer(server)
    })
  }
  try {
    bus = await chooseBus(process.env, dataDir)
    say(`bus: ${bus.text}`)
    if (asked) return 128 + SIGNALS[asked]
    server = spawnServer(process.argv.includes('--dev'), { ...process.env, DATA_DIR: dataDir, ...bus.env })
    lock.child(server.pid)
    if (server.pid) bus.redis?.usedBy(server.pid)
    const code = await exitOf(server)
    return asked && code === 0 ? 0 : code
  } finally {
    await bus?.redis?.stop()
    lock.release()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  complain(`morphoscope: ${error.message}`)
  process.exitCode = error instanceof ConfigurationError ? EX_CONFIG : 1
}
