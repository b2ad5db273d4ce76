import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startEmbeddedRedis } from '../../../scripts/embeddedRedis.mjs'
import { isAlive } from '../../../scripts/steps.mjs'
import { findRedisServer } from '../../../scripts/redisBinary.mjs'

const binary = findRedisServer()
const NO_SERVER = 'no redis-server on this machine'
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedded-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Sends one inline command and answers the first chunk of the reply; '' when nobody is there. */
function ask(url: string, command: string): Promise<string> {
  return new Promise((resolve) => {
    const client = connect(url.slice('unix://'.length))
    client.once('error', () => resolve(''))
    client.once('data', (data) => {
      client.destroy()
      resolve(data.toString())
    })
    client.write(`${command}\r\n`)
  })
}

const redisPid = (dataDir: string): number =>
  JSON.parse(readFileSync(path.join(dataDir, 'redis', 'keeper.json'), 'utf8')).redis.pid

/** Polls until the answer is true; the test's own time limit is the guard. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('keeps what was acknowledged when redis-server is killed, and leaves nothing behind', async (context) => {
  if (!binary) return context.skip(NO_SERVER)
  const redis = await startEmbeddedRedis(binary, folder)
  const first = redisPid(folder)
  expect(await ask(redis.url, 'XADD kept * type Test data 1')).toMatch(/^\$/)
  process.kill(first, 'SIGKILL')
  await until(async () => (await ask(redis.url, 'XLEN kept')) === ':1\r\n')
  const second = redisPid(folder)
  expect(second).not.toBe(first)
  await redis.stop()
  expect([isAlive(second), isAlive(redis.pid!), existsSync(redis.url.slice('unix://'.length))]).toEqual([
    false,
    false,
    false,
  ])
})

test('runs without TCP, refuses instead of evicting, and writes an append-only file', async (context) => {
  if (!binary) return context.skip(NO_SERVER)
  const redis = await startEmbeddedRedis(binary, folder)
  const settings = ['port', 'maxmemory-policy', 'appendonly', 'appendfsync']
  const answers = await Promise.all(settings.map((name) => ask(redis.url, `CONFIG GET ${name}`)))
  expect(answers.map((answer) => answer.trim().split('\r\n').at(-1))).toEqual(['0', 'noeviction', 'yes', 'everysec'])
  await redis.stop()
})

test('a data folder too deep for a socket path still gets its server', async (context) => {
  if (!binary) return context.skip(NO_SERVER)
  const deep = path.join(folder, 'd'.repeat(60), 'e'.repeat(60))
  mkdirSync(deep, { recursive: true })
  const redis = await startEmbeddedRedis(binary, deep)
  const socket = redis.url.slice('unix://'.length)
  expect(Buffer.byteLength(socket)).toBeLessThan(104)
  expect(await ask(redis.url, 'PING')).toBe('+PONG\r\n')
  await redis.stop()
  expect(existsSync(path.dirname(socket))).toBe(false)
})

test('a server left over from a crash is stopped before a new one starts on the same data', async (context) => {
  if (!binary) return context.skip(NO_SERVER)
  const crashed = await startEmbeddedRedis(binary, folder)
  await ask(crashed.url, 'XADD kept * type Test data 1')
  const leftOver = redisPid(folder)
  process.kill(crashed.pid!, 'SIGKILL')
  await until(() => !isAlive(crashed.pid!))
  expect(isAlive(leftOver)).toBe(true)
  const redis = await startEmbeddedRedis(binary, folder)
  await until(() => !isAlive(leftOver))
  expect(await ask(redis.url, 'XLEN kept')).toBe(':1\r\n')
  await redis.stop()
  await crashed.stop()
})
