/*
 * recorderThread: the thread that writes the history: looks at the tables many times a second and writes what is new.
 * In: workerData, messages of the main thread. Out: histories on the disk; what was written, counters.
 * Invariant: neither the ingest nor the pages wait for it; told to stop, it writes out everything and ends.
 * Source: docs/history.md "recording".
 */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createHistoryRecorder } from './historyRecorder.ts'
import type { FromRecorder, RecorderData, ToRecorder } from './historyProtocol.ts'

/** Faster than viewers are shown frames at their quickest pace. */
const POLL_MS = 15
const SETTLE_MS = 100
const COUNTERS_MS = 1_000

const { root, retention } = workerData as RecorderData
const port = parentPort!
const post = (message: FromRecorder): void => port.postMessage(message)
const recorder = createHistoryRecorder({ root, clock, retention })

let newest = 0
let told = 0
let isSettling = false
const settle = async (): Promise<void> => {
  if (isSettling) return
  isSettling = true
  const batch = newest
  await recorder.settle()
  if (batch > told && recorder.counters().waitingEvents === 0) {
    told = batch
    post({ kind: 'written', batch })
  }
  isSettling = false
}

const timers = [
  clock.every(POLL_MS, () => recorder.poll()),
  clock.every(SETTLE_MS, () => void settle()),
  clock.every(COUNTERS_MS, () => post({ kind: 'counters', counters: recorder.counters() })),
]

async function stop(): Promise<void> {
  for (const cancel of timers) cancel()
  await recorder.stop()
  post({ kind: 'counters', counters: recorder.counters() })
  post({ kind: 'stopped' })
  port.close()
}

port.on('message', (message: ToRecorder) => {
  switch (message.kind) {
    case 'run':
      return recorder.announce(message.run)
    case 'run-gone':
      return recorder.forget(message.runId)
    case 'records':
      newest = message.batch
      return recorder.records(message.records)
    case 'gap':
      return recorder.gap(message.runId, message.gap)
    case 'began':
      return recorder.began()
    case 'stop':
      return void stop()
  }
})
post({ kind: 'started' })
