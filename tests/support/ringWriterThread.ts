/*
 * ringWriterThread: the writing half of the ring property test, in its own thread.
 * In: workerData { ring, attempts, slotBytes, pauseEvery }. Out: { written, dropped } when done.
 * Invariant: attempt i, when accepted, holds i in every word of a slot whose length depends on i, so a tear or swap is visible.
 * Source: tests/unit/lib/telemetry/sharedRing.test.ts.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { ringWriter } from '../../lib/telemetry/sharedRing.ts'

const { ring, attempts, pauseEvery } = workerData as { ring: SharedArrayBuffer; attempts: number; pauseEvery: number }
const writer = ringWriter(ring)
const words = Math.floor(writer.slotBytes / 4)
const waiter = new Int32Array(new SharedArrayBuffer(4))
let written = 0
for (let attempt = 0; attempt < attempts; attempt++) {
  const accepted = writer.tryWrite((slot) => {
    const length = 1 + (attempt % words)
    new Uint32Array(slot.buffer, slot.byteOffset, length).fill(attempt)
    return length * 4
  })
  if (accepted) written++
  if (pauseEvery > 0 && attempt % pauseEvery === 0) Atomics.wait(waiter, 0, 0, 1)
}
parentPort?.postMessage({ written, dropped: writer.dropped() })
