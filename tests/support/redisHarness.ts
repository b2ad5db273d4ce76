/*
 * redisHarness: a real redis-server of a test's own, which it may kill, pause, restart and ask.
 * In: what kind of server. Out: url, faults, a raw command line.
 * Invariant: no server outlives the test process; a missing binary is a failure in CI and a printed skip elsewhere.
 * Source: docs/bus.md "how it is tested".
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { findRedisServer } from '../../scripts/redisBinary.mjs'

export interface RedisServerOptions {
  readonly appendonly?: boolean
  /** TCP on loopback (for proxies); default is a unix socket. */
  readonly tcp?: boolean
  readonly args?: readonly string[]
}

export interface RedisServer {
  readonly url: string
  readonly port: number | null
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** Starts it again on the same address and data; resolves when it answers PONG with the time of that. */
  restart(): Promise<number>
  stop(): Promise<void>
  /** One raw command on a connection of its own. */
  command(...args: string[]): Promise<unknown>
}

const children = new Set<ChildProcess>()
let exitHook = false
const killAll = (): void => {
  for (const child of children) child.kill('SIGKILL')
}

/** Why there is no Redis to test with; null when there is one. Throws in CI: a missing server must not look green. */
export function redisMissing(): string | null {
  if (findRedisServer()) return null
  const reason = 'no redis-server (7.0 or newer) on PATH or in the project cache'
  if (process.env['CI'] === 'true') throw new Error(`${reason}: it is required in CI`)
  return reason
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a server in a folder of its own and waits until it answers. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = findRedisServer()
  if (!binary) throw new Error('no redis-server')
  if (!exitHook) {
    exitHook = true
    process.once('exit', killAll)
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'morphoscope-redis-'))
  const socket = path.join(folder, 'redis.sock')
  const port = options.tcp ? await freePort() : null
  const url = port === null ? `unix://${socket}` : `redis://127.0.0.1:${port}`
  const flags = ['--dir', folder, '--save', '', '--appendonly', options.appendonly ? 'yes' : 'no', '--daemonize', 'no']
  const address =
    port === null ? ['--port', '0', '--unixsocket', socket] : ['--port', String(port), '--bind', '127.0.0.1']
  let child: ChildProcess | null = null

  const launch = async (): Promise<number> => {
    const running = spawn(binary.path, [...flags, ...address, ...(options.args ?? [])], {
      env: { ...process.env, ...binary.env },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    child = running
    children.add(running)
    running.once('exit', () => void children.delete(running))
    const endMs = performance.now() + 15_000
    while (performance.now() < endMs) {
      const pong = await command('PING').catch((error: Error) => error.message)
      // A server that asks for a password is up too.
      if (pong === 'PONG' || /^NOAUTH|^WRONGPASS/.test(String(pong))) return performance.now()
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    throw new Error('redis-server did not answer within 15 s')
  }

  const command = async (name: string, ...args: string[]): Promise<unknown> => {
    const redis = new Redis({
      ...(port === null ? { path: socket } : { host: '127.0.0.1', port }),
      lazyConnect: true,
      retryStrategy: null,
      enableReadyCheck: false,
      protocol: 2,
      disconnectTimeout: 50,
      replyMapping: 'legacy',
    })
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return await redis.call(name, ...args)
    } finally {
      if (redis.status !== 'end') redis.disconnect()
    }
  }

  const kill = async (): Promise<void> => {
    const running = child
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const gone = once(running, 'exit')
    running.kill('SIGKILL')
    await gone
  }

  await launch()
  return {
    url,
    port,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    restart: launch,
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
    command,
  }
}
