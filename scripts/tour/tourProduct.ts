/*
 * tourProduct: one product of the tour's own: started, found ready, frozen, ended.
 * In: settings over an empty data folder. Out: its address, its Redis, its faults.
 * Invariant: it runs the same runner as `npm start`; nothing of it outlives its stop.
 * Source: docs/ux.md "states of a page".
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT, localNode } from '../steps.mjs'

const READY_MS = 120_000
const STOP_MS = 15_000

export interface TourProduct {
  readonly url: string
  /** Of its embedded server, for another publisher. */
  readonly redisUrl: string
  /** Stops its processes (SIGSTOP): it neither trains nor answers, and its Redis goes on. */
  freeze(): void
  thaw(): void
  /** What the first administrator signs in with, as the product printed it; null when it printed none. */
  firstCode(): string | null
  /** SIGKILL to the web server, with nobody who starts it again: open pages are left without one. */
  killServer(): void
  /** Lets the runner start it again, and waits until it is ready. */
  reviveServer(): Promise<void>
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

/** Asks until `read` gives something; says what it waited for when it never does. */
export async function until<T>(what: string, deadlineMs: number, read: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + deadlineMs
  let last = 'nothing yet'
  while (performance.now() < end) {
    try {
      const found = await read()
      if (found !== null) return found
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await sleep(200)
  }
  throw new Error(`${what}: not within ${deadlineMs / 1_000} s (${last})`)
}

/** Starts a product and waits until it is ready. `env` is laid over an environment without any bus of the developer's. */
export async function startTourProduct(env: Readonly<Record<string, string>>): Promise<TourProduct> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'morphoscope-tour-'))
  const port = await freePort()
  const child: ChildProcess = spawn(localNode(), [path.join(ROOT, 'scripts', 'run.mjs')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BUS: '',
      REDIS_URL: '',
      AUTH: 'demo',
      ...env,
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
    },
  })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-10_000)))
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  await until('the product', READY_MS, async () => {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`)
    const ready = await fetch(`${url}/api/health/ready`)
    if (!ready.ok) return null
    return true
  })
  const running = (): Record<'runner' | 'web', number> & Partial<Record<'trainer', number>> =>
    JSON.parse(readFileSync(path.join(dataDir, 'processes.json'), 'utf8')) as never
  const signal = (name: NodeJS.Signals): void => {
    const { web, trainer } = running()
    for (const pid of trainer === undefined ? [web] : [web, trainer]) process.kill(pid, name)
  }
  return {
    url,
    firstCode: () => /one-time code (\S+)/.exec(said)?.[1] ?? null,
    redisUrl: env['REDIS_URL'] ?? `unix://${path.join(dataDir, 'redis', 'redis.sock')}`,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    killServer() {
      const { runner, web } = running()
      process.kill(runner, 'SIGSTOP')
      process.kill(web, 'SIGKILL')
    },
    async reviveServer() {
      process.kill(running().runner, 'SIGCONT')
      await until('the product again', READY_MS, async () =>
        (await fetch(`${url}/api/health/ready`)).ok ? true : null,
      )
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        await Promise.race([exited, sleep(STOP_MS)])
        child.kill('SIGKILL')
      }
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
