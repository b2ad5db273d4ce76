/*
 * redisKeeper: the process between the runner and the embedded redis-server, so that neither ever outlives its purpose.
 * In: the command line, and later the process that uses Redis, over IPC from the runner.
 *   Out: 'ready', 'died', 'restarted', 'gave-up' messages.
 * Invariant: when the runner's end of the channel closes, for whatever reason, redis-server is shut down in order; when
 *   redis-server dies it is started again with back-off; five deaths within a minute are a crash loop, said with its last words.
 * Signals of the terminal are ignored here: the runner decides the order, and Redis goes last.
 * Source: docs/adr/0001-toolchain.md, docs/adr/0003-redis-streams-semantics.md.
 */
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { identify, isSameProcess } from './processLock.mjs'

const READY_POLL_MS = 20
const FIRST_BACKOFF_MS = 50
const LONGEST_BACKOFF_MS = 5_000
const CRASH_LOOP = { deaths: 5, withinMs: 60_000 }
const SHUTDOWN_MS = 5_000
/** Longer than the server gives itself to stop. */
const USER_MS = 7_000
const KEPT_LINES = 20

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

/** Asks PING over the socket; true when it answered +PONG (loading and refusals are not ready). */
export function ping(socket) {
  return new Promise((resolve) => {
    const client = connect(socket)
    const end = (answer) => {
      client.destroy()
      resolve(answer)
    }
    client.setTimeout(1_000, () => end(false))
    client.once('error', () => end(false))
    client.once('data', (data) => end(data.toString().startsWith('+PONG')))
    client.write('PING\r\n')
  })
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function keep({ command, args, env, socket, pidFile }) {
  let server = null
  let stopping = false
  let backoffMs = FIRST_BACKOFF_MS
  let everReady = false
  /** Processes that use this Redis, by identity. */
  let users = []
  const deaths = []
  const lines = []

  const tell = (message) => {
    if (process.connected) process.send(message, () => {})
  }

  const onLine = (chunk) => {
    lines.push(...String(chunk).split('\n').filter(Boolean))
    if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES)
  }

  const awaitReady = async (mine) => {
    while (server === mine && !stopping) {
      if (await ping(socket)) {
        if (server !== mine) return
        tell({ kind: everReady ? 'restarted' : 'ready', pid: mine.pid })
        everReady = true
        return
      }
      await sleep(READY_POLL_MS)
    }
  }

  const start = () => {
    rmSync(socket, { force: true })
    const startedMs = performance.now()
    // Its own group: Ctrl-C in the terminal must not take Redis away before the product has written its last words.
    const mine = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    server = mine
    mine.stdout.on('data', onLine)
    mine.stderr.on('data', onLine)
    let ended = false
    const onEnd = (why) => {
      if (ended) return
      ended = true
      server = null
      if (stopping) return
      const now = performance.now()
      deaths.push(now)
      while (deaths.length > 0 && now - deaths[0] > CRASH_LOOP.withinMs) deaths.shift()
      if (now - startedMs > CRASH_LOOP.withinMs) backoffMs = FIRST_BACKOFF_MS
      if (deaths.length >= CRASH_LOOP.deaths) {
        tell({ kind: 'gave-up', why, deaths: deaths.length, lines })
        setTimeout(() => process.exit(1), 100)
        return
      }
      tell({ kind: 'died', why, retryMs: backoffMs })
      setTimeout(() => !stopping && start(), backoffMs)
      backoffMs = Math.min(backoffMs * 3, LONGEST_BACKOFF_MS)
    }
    mine.once('error', (error) => onEnd(error.message))
    mine.once('exit', (code, signal) => onEnd(signal ? `killed by ${signal}` : `exit code ${code}`))
    if (mine.pid) writeFileSync(pidFile, JSON.stringify({ keeper: identify(process.pid), redis: identify(mine.pid) }))
    void awaitReady(mine)
  }

  let asked = false
  const stop = async () => {
    if (asked) return
    asked = true
    // A killed runner leaves a server that is just draining: it needs Redis to the end.
    const userEnd = performance.now() + USER_MS
    while (users.some(isSameProcess) && performance.now() < userEnd) await sleep(50)
    stopping = true
    const mine = server
    if (mine) {
      // SIGTERM is Redis's orderly shutdown: it flushes the append-only file and removes its socket.
      mine.kill('SIGTERM')
      const end = performance.now() + SHUTDOWN_MS
      while (mine.exitCode === null && mine.signalCode === null) {
        if (performance.now() > end) mine.kill('SIGKILL')
        await sleep(20)
      }
    }
    rmSync(pidFile, { force: true })
    rmSync(socket, { force: true })
    process.exit(0)
  }

  process.on('disconnect', () => void stop())
  process.on('message', (message) => {
    if (message.user) users = [...users.filter(isSameProcess), message.user]
  })
  start()
}

if (process.send) {
  process.once('message', (options) => keep(options))
  // The runner may die between starting us and its first word.
  process.once('disconnect', () => setTimeout(() => process.exit(0), SHUTDOWN_MS + 1_000))
}
