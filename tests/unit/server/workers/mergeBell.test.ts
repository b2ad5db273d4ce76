import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createBellBuffer, createBellListener, createBellRinger } from '../../../../server/workers/mergeBell.ts'

const settle = () => new Promise<void>((resolve) => void setTimeout(resolve, 20))

test('a ring of another thread wakes, none is missed while work is done, and silence costs nothing', async () => {
  const buffer = createBellBuffer()
  const seen: number[] = []
  const counter = new Int32Array(new SharedArrayBuffer(4))
  const listener = createBellListener(buffer, () => seen.push(Atomics.load(counter, 0)))
  listener.setListening(true)
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads')
     import(workerData.url).then(({ createBellRinger }) => {
       const ring = createBellRinger(workerData.buffer)
       for (let at = 0; at < 50_000; at++) { Atomics.add(workerData.counter, 0, 1); ring() }
     })`,
    {
      eval: true,
      workerData: { buffer, counter, url: new URL('../../../../server/workers/mergeBell.ts', import.meta.url).href },
    },
  )
  await new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  await settle()
  expect(seen.at(-1)).toBe(50_000)
  expect(seen.length).toBeLessThanOrEqual(50_001)
  listener.setListening(false)
  const before = seen.length
  createBellRinger(buffer)()
  await settle()
  expect(seen).toHaveLength(before)
})

test('listening again after a pause hears each ring once', async () => {
  const buffer = createBellBuffer()
  let heard = 0
  const listener = createBellListener(buffer, () => void heard++)
  const ring = createBellRinger(buffer)
  ring()
  listener.setListening(true)
  listener.setListening(false)
  listener.setListening(true)
  await settle()
  expect(heard).toBe(0)
  ring()
  await settle()
  expect(heard).toBe(1)
  listener.setListening(false)
})
