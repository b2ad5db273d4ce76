import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { createSharedRing, ringReader, ringWriter } from '../../../../lib/telemetry/sharedRing.ts'

const writeByte =
  (value: number, length = 1) =>
  (slot: Uint8Array) => {
    slot.fill(value, 0, length)
    return length
  }

test('hands slots over in order with their own lengths', () => {
  const ring = createSharedRing(4, 16)
  const writer = ringWriter(ring.buffer)
  const reader = ringReader(ring.buffer)
  expect(reader.read()).toBeNull()
  expect(writer.tryWrite(writeByte(1, 3))).toBe(true)
  expect(writer.tryWrite(writeByte(2, 16))).toBe(true)
  expect([...(reader.read() ?? [])]).toEqual([1, 1, 1])
  expect([...(reader.read() ?? [])]).toEqual([1, 1, 1])
  reader.release()
  expect(reader.read()?.length).toBe(16)
  reader.release()
  reader.release()
  expect(reader.read()).toBeNull()
  expect(reader.backlog()).toBe(0)
})

test('drops the new tick when full and tells the reader where the loss lies', () => {
  const ring = createSharedRing(2, 8)
  const writer = ringWriter(ring.buffer)
  const reader = ringReader(ring.buffer)
  expect([1, 2, 3, 4].map((value) => writer.tryWrite(writeByte(value)))).toEqual([true, true, false, false])
  expect(writer.dropped()).toBe(2)
  reader.read()
  expect(reader.droppedBefore()).toBe(0)
  reader.release()
  reader.read()
  reader.release()
  writer.tryWrite(writeByte(5))
  expect([...(reader.read() ?? [])]).toEqual([5])
  expect(reader.droppedBefore()).toBe(2)
  expect(reader.dropped()).toBe(2)
})

test('a fill that throws or overfills publishes nothing', () => {
  const ring = createSharedRing(2, 8)
  const writer = ringWriter(ring.buffer)
  const reader = ringReader(ring.buffer)
  expect(() =>
    writer.tryWrite(() => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(() => writer.tryWrite(() => 9)).toThrow(/filled with 9/)
  expect(reader.read()).toBeNull()
  expect(writer.tryWrite(writeByte(7))).toBe(true)
  expect([...(reader.read() ?? [])]).toEqual([7])
})

test('survives the wrap of its 32-bit counters', () => {
  const ring = createSharedRing(4, 8)
  const control = new Int32Array(ring.buffer)
  for (const at of [32, 64]) control[at] = 0x7fff_fffe
  const writer = ringWriter(ring.buffer)
  const reader = ringReader(ring.buffer)
  for (let value = 0; value < 12; value++) {
    expect(writer.tryWrite(writeByte(value))).toBe(true)
    expect([...(reader.read() ?? [])]).toEqual([value])
    reader.release()
  }
  for (let value = 0; value < 4; value++) expect(writer.tryWrite(writeByte(value))).toBe(true)
  expect(writer.tryWrite(writeByte(9))).toBe(false)
})

test('refuses sizes that can not be, and buffers of another kind', () => {
  for (const [slots, bytes] of [
    [0, 8],
    [1.5, 8],
    [8, 0],
    [Number.NaN, 8],
    [1 << 20, 1 << 20],
  ] as const) {
    let seen: unknown
    try {
      createSharedRing(slots, bytes)
    } catch (error) {
      seen = error
    }
    expect(isAppError(seen, 'CONFIG_INVALID')).toBe(true)
  }
  expect(() => ringReader(new SharedArrayBuffer(1024))).toThrow(/not made by/)
})

/** Runs a real writer thread against this thread and checks every slot that arrives. */
async function race(attempts: number, pauseEvery: number, slots: number) {
  const ring = createSharedRing(slots, 64)
  const reader = ringReader(ring.buffer)
  const worker = new Worker(new URL('../../../support/ringWriterThread.ts', import.meta.url), {
    workerData: { ring: ring.buffer, attempts, pauseEvery },
  })
  let result: { written: number; dropped: number } | null = null
  worker.once('message', (message: { written: number; dropped: number }) => (result = message))
  let received = 0
  let faults = 0
  let drops = 0
  let expected = 0
  const drain = () => {
    for (let slot = reader.read(); slot; slot = reader.read()) {
      const words = new Uint32Array(slot.buffer, slot.byteOffset, slot.length >> 2)
      const first = words[0] as number
      // The drop counter of the slot says exactly how many attempts lie between this one and the last.
      if (first !== received + reader.droppedBefore() || first < expected) faults++
      if (words.length !== 1 + (first % 16) || words.some((word) => word !== first)) faults++
      drops = reader.droppedBefore()
      expected = first + 1
      received++
      reader.release()
    }
  }
  for (let round = 0; result === null && round < 1e6; round++) {
    drain()
    await new Promise((resolve) => setImmediate(resolve))
  }
  drain()
  await worker.terminate()
  const done = result as unknown as { written: number; dropped: number }
  return { ...done, received, faults, drops, readerDropped: reader.dropped() }
}

test('1e5 attempts across two threads: in order, untorn, drops counted exactly', { timeout: 60_000 }, async () => {
  const attempts = 100_000
  const flooded = await race(attempts, 0, 8)
  expect(flooded.faults).toBe(0)
  expect(flooded.received).toBe(flooded.written)
  expect(flooded.written + flooded.dropped).toBe(attempts)
  expect(flooded.readerDropped).toBe(flooded.dropped)
  const paced = await race(attempts, 2_000, 1_024)
  expect(paced.faults).toBe(0)
  expect(paced.received).toBe(paced.written)
  expect(paced.written + paced.dropped).toBe(attempts)
})
