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
