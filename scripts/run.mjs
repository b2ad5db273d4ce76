/*
 * run: starts the product and stays its supervisor.
 * In: the environment (BUS, REDIS_URL, DATA_DIR; an .env file beside package.json) and --dev. Out: the exit code.
 * Invariant: exactly one signal path: the terminal's signals reach only this process, which tells the others, waits for them
 *   under a deadline, and lets Redis go last. If this process is killed outright, they see their standard input
 *   close and Redis's keeper sees its channel close: all end by themselves.
 * Source: docs/adr/0001-toolchain.md.
 */
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { startEmbeddedRedis } from './embeddedRedis.mjs'
import { takeLock } from './processLock.mjs'
import { findRedisServer } from './redisBinary.mjs'
import { ROOT, complain, localNode, say } from './steps.mjs'
import { createSupervisor, SIGNALS } from './supervisor.mjs'

const EX_CONFIG = 78
const STOP_DEADLINE_MS = 8_000

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
    return {
      env: { BUS: 'redis', REDIS_URL: redis.url, MORPHOSCOPE_EMBEDDED_BUS: '1' },
      text: `own redis-server (${from})`,
      redis,
    }
  }
  if (wanted === 'redis') {
    throw new ConfigurationError(
      'BUS=redis, but REDIS_URL is not set and no redis-server was found. Set REDIS_URL=redis://host:6379, or install redis-server.',
    )
  }
  return { env: { BUS: 'memory' }, text: 'in-process: no redis-server found, nothing is kept over a restart' }
}

/** Which processes run: three on Redis, one with the in-process bus, and exactly that one when a role was asked for. */
function rolesOf(env, bus) {
  const role = env.ROLE?.trim()
  if (role) return [role]
  if (bus !== 'redis') return ['all']
  return ['web', 'gateway', ...(env.TRAINER?.trim() === 'off' ? [] : ['trainer'])]
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
  let supervisor = null
  let bus = null
  for (const signal of Object.keys(SIGNALS)) {
    process.on(signal, () => {
      asked ??= signal
      supervisor?.stop()
    })
  }
  try {
    bus = await chooseBus(process.env, dataDir)
    say(`bus: ${bus.text}`)
    if (asked) return 128 + SIGNALS[asked]
    supervisor = createSupervisor({
      roles: rolesOf(process.env, bus.env.BUS),
      env: { ...process.env, DATA_DIR: dataDir, ...bus.env },
      dev: process.argv.includes('--dev'),
      dataDir,
      stopDeadlineMs: STOP_DEADLINE_MS,
      onSpawn(pid) {
        lock.child(pid)
        bus.redis?.usedBy(pid)
      },
    })
    supervisor.start()
    return await supervisor.ended
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
