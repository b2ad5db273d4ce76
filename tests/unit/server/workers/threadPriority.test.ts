import { existsSync } from 'node:fs'
import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'

const MODULE = new URL('../../../../server/workers/threadPriority.ts', import.meta.url).href
const CODE = `
const { parentPort } = require('node:worker_threads')
const { getPriority } = require('node:os')
const { readlinkSync } = require('node:fs')
import(${JSON.stringify(MODULE)}).then(({ prioritizeThread }) => {
  const done = prioritizeThread(7)
  parentPort.postMessage({ done, nice: getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1))) })
})`

test.skipIf(!existsSync('/proc/thread-self'))('changes the thread that asks, and no other of the process', async () => {
  const before = getPriority(process.pid)
  const worker = new Worker(CODE, { eval: true })
  const said = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await worker.terminate()
  expect(said).toEqual({ done: true, nice: 7 })
  expect(getPriority(process.pid)).toBe(before)
})

const HURRY = `
const { parentPort } = require('node:worker_threads')
const { getPriority } = require('node:os')
import(${JSON.stringify(MODULE)}).then(({ createHurry, ownThreadId }) => {
  const id = ownThreadId()
  const hurry = createHurry(id)
  const usual = getPriority(id)
  hurry(true)
  const urgent = getPriority(id)
  hurry(false)
  parentPort.postMessage({ usual, urgent, after: getPriority(id) })
})`

test.skipIf(!existsSync('/proc/thread-self'))(
  'a thread that is waited for goes first, and back to its place',
  async () => {
    const worker = new Worker(HURRY, { eval: true })
    const said = (await new Promise((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    )) as Record<'usual' | 'urgent' | 'after', number>
    await worker.terminate()
    // Who is not an administrator may not: then nothing changes at all.
    expect([-10, said.usual]).toContain(said.urgent)
    if (said.urgent === -10) expect(said.after).toBe(said.usual)
  },
)

test('a thread that is not ours, or has no id, is left alone', async () => {
  const { createHurry } = await import('../../../../server/workers/threadPriority.ts')
  const before = getPriority(1)
  for (const id of [1, null]) {
    const hurry = createHurry(id)
    hurry(true)
    hurry(false)
  }
  expect(getPriority(1)).toBe(before)
})
