import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../../../lib/primitives/clock.ts'
import { createSupervisedThread } from '../../../../server/workers/supervisedThread.ts'
import { waitUntil } from '../../../support/waitUntil.ts'

const CODE = `
const { parentPort, workerData } = require('node:worker_threads')
parentPort.postMessage({ kind: 'started' })
parentPort.on('message', (message) => {
  if (message === 'crash') throw new Error('planted')
  if (message === 'leave') parentPort.close()
})
`

const open = () => {
  const ends: { cause: string; againInMs: number }[] = []
  let spawned = 0
  const thread = createSupervisedThread({
    name: 'test',
    clock,
    spawn: () => {
      spawned++
      return new Worker(CODE, { eval: true })
    },
    onMessage: () => undefined,
    onEnd: (cause, againInMs) => void ends.push({ cause, againInMs }),
  })
  return { thread, ends, spawned: () => spawned }
}

test('starts a crashed thread again with growing patience and says why it ended', async () => {
  const { thread, ends, spawned } = open()
  thread.start()
  thread.start()
  await waitUntil('running', () => thread.state() === 'running')
  expect(spawned()).toBe(1)
  for (const life of [2, 3]) {
    thread.post('crash')
    await waitUntil('again', () => spawned() === life && thread.state() === 'running')
  }
  expect(ends.map((end) => end.cause)).toEqual(['planted', 'planted'])
  expect(ends[1]!.againInMs).toBeGreaterThan(ends[0]!.againInMs)
  expect(thread.cause()).toBeNull()
  await thread.stop(2_000, (worker) => worker.postMessage('leave'))
  expect(thread.state()).toBe('stopped')
  expect(spawned()).toBe(3)
})

test('terminates a thread that does not stop by itself, and starts nothing after stop', async () => {
  const { thread, spawned } = open()
  thread.start()
  await waitUntil('running', () => thread.state() === 'running')
  await thread.stop(50, () => undefined)
  expect(spawned()).toBe(1)
})
