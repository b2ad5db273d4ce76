/*
 * embeddedRedis: one redis-server that belongs to one running product.
 * In: the binary and a data folder. Out: its URL, and an orderly stop.
 * Invariant: a data folder has one owner; what an earlier crash left running is stopped (its data stays), never reused by
 *   guess and never left; the socket path fits the system's limit of about 104 bytes whatever DATA_DIR is.
 * Source: docs/adr/0001-toolchain.md, docs/adr/0003-redis-streams-semantics.md.
 */
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { identify, isSameProcess } from './processLock.mjs'
import { ROOT, complain, say } from './steps.mjs'

/** macOS takes 104 bytes with the end mark, Linux 108. */
const SOCKET_PATH_BYTES = 100
const READY_MS = 60_000
const ORPHAN_MS = 8_000

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function socketFor(folder) {
  const inside = path.join(folder, 'redis.sock')
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES) return { socket: inside, temporary: null }
  let base = tmpdir()
  if (Buffer.byteLength(path.join(base, 'msc-123456', 'r.sock')) > SOCKET_PATH_BYTES) base = '/tmp'
  const temporary = mkdtempSync(path.join(base, 'msc-'))
  return { socket: path.join(temporary, 'r.sock'), temporary }
}

async function endLeftover(pidFile) {
  let left
  try {
    left = JSON.parse(readFileSync(pidFile, 'utf8'))
  } catch {
    return
  }
  const end = performance.now() + ORPHAN_MS
  // A living keeper whose runner is gone is about to shut its server down by itself.
  for (let told = false; isSameProcess(left.redis); told = true) {
    if (!told) say('redis-server: one left over from an earlier crash is still running; stopping it first')
    try {
      if (!told) process.kill(left.redis.pid, 'SIGTERM')
      if (performance.now() > end) process.kill(left.redis.pid, 'SIGKILL')
    } catch {
      break
    }
    await sleep(50)
  }
  rmSync(pidFile, { force: true })
}

function report(message) {
  if (message.kind === 'died')
    complain(`redis-server ended (${message.why}); starting it again in ${message.retryMs} ms`)
  if (message.kind === 'restarted') complain('redis-server is back')
  if (message.kind !== 'gave-up') return
  complain(`redis-server ended ${message.deaths} times within a minute (${message.why}). Its last words:`)
  for (const line of message.lines) complain(`  ${line}`)
  complain(
    'If its data is damaged: stop, move the folder DATA_DIR/redis away, start again. Until then the bus is down.',
  )
}

/**
 * Starts redis-server on a Unix socket inside `dataDir` and resolves once it answers.
 * Later deaths are repaired by the keeper; only a crash loop ends that, and is said. Rejects when it never came up.
 */
export async function startEmbeddedRedis(binary, dataDir) {
  const folder = path.resolve(dataDir, 'redis')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const pidFile = path.join(folder, 'keeper.json')
  await endLeftover(pidFile)
  const { socket, temporary } = socketFor(folder)
  const keeper = fork(path.join(ROOT, 'scripts', 'redisKeeper.mjs'), [], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--max-old-space-size=32'],
  })
  let stopping = false
  const gone = new Promise((resolve) => keeper.once('exit', resolve))
  void gone.then(() => stopping || complain('the keeper of redis-server is gone: Redis is not restarted if it ends'))
  const stop = async () => {
    stopping = true
    if (keeper.connected) keeper.disconnect()
    await gone
    await endLeftover(pidFile)
    if (temporary) rmSync(temporary, { recursive: true, force: true })
  }
  const ready = new Promise((resolve, reject) => {
    const fuse = setTimeout(() => reject(new Error(`redis-server did not answer within ${READY_MS} ms`)), READY_MS)
    keeper.on('message', (message) => {
      report(message)
      if (message.kind === 'ready') resolve(undefined)
      if (message.kind === 'gave-up') reject(new Error('redis-server does not start'))
      if (message.kind === 'ready' || message.kind === 'gave-up') clearTimeout(fuse)
    })
    keeper.once('exit', () => {
      clearTimeout(fuse)
      reject(new Error('the keeper of redis-server ended'))
    })
  })
  const args = [path.join(ROOT, 'deploy', 'redis', 'embedded.conf'), '--unixsocket', socket, '--dir', folder]
  keeper.send({ command: binary.path, args, env: { ...process.env, ...binary.env }, socket, pidFile })
  try {
    await ready
  } catch (error) {
    await stop()
    throw error
  }
  /** Names the process that uses this Redis: should we be killed, Redis outlives it, and not by much. */
  const usedBy = (pid) => keeper.connected && keeper.send({ user: identify(pid) })
  return { url: `unix://${socket}`, pid: keeper.pid, usedBy, stop }
}
