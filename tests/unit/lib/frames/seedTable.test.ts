import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { layoutTables, openTables, TABLE_META } from '../../../../lib/frames/seedTable.ts'

const shapes = [
  { rows: 3, seedColumns: 2, layerColumns: 1, rowTimes: false },
  { rows: 5, seedColumns: 4, layerColumns: 0, rowTimes: true },
]

test('starts with everything unknown and keeps tables apart', () => {
  const buffer = new SharedArrayBuffer(layoutTables(shapes).bytes)
  const [first, second] = openTables(buffer, shapes)
  first!.clear()
  second!.clear()
  expect([...first!.seeds].every(Number.isNaN)).toBe(true)
  expect(first!.meta[TABLE_META.ingestMs]).toBeNaN()
  expect(first!.meta[TABLE_META.reports]).toBe(0)
  const before = second!.version()
  first!.begin()
  first!.seeds.fill(7)
  first!.layer.fill(8)
  first!.end()
  expect(second!.version()).toBe(before)
  expect([...second!.seeds].every(Number.isNaN)).toBe(true)
  expect([...second!.rowTimes]).toHaveLength(5)
})

test('answers -1 while a write is open and the version once it is closed', () => {
  const shape = shapes.slice(0, 1)
  const [table] = openTables(new SharedArrayBuffer(layoutTables(shape).bytes), shape)
  table!.begin()
  expect(table!.read(() => undefined)).toBe(-1)
  table!.end()
  expect(table!.read(() => undefined)).toBe(2)
})

test('never shows half a tick to another thread', async () => {
  const shape = [{ rows: 512, seedColumns: 8, layerColumns: 4, rowTimes: false }]
  const buffer = new SharedArrayBuffer(layoutTables(shape).bytes)
  const [table] = openTables(buffer, shape)
  table!.clear()
  const url = new URL('../../../../lib/frames/seedTable.ts', import.meta.url).href
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads')
     import(workerData.url).then(({ openTables }) => {
       const [table] = openTables(workerData.buffer, workerData.shape)
       for (let tick = 1; tick <= 20000; tick++) { table.begin(); table.seeds.fill(tick); table.layer.fill(tick); table.end() }
     })`,
    { eval: true, workerData: { url, buffer, shape } },
  )
  let exited = false
  worker.once('exit', () => (exited = true))
  const copy = new Float32Array(512 * 8)
  let reads = 0
  let torn = 0
  while (!exited) {
    for (let attempt = 0; attempt < 50; attempt++) {
      if (table!.read((source) => copy.set(source.seeds)) < 0) continue
      reads++
      const first = copy[0]
      if (!Object.is(first, copy[copy.length - 1]) || copy.some((value) => !Object.is(value, first))) torn++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (!exited) await once(worker, 'exit')
  expect(reads).toBeGreaterThan(0)
  expect(torn).toBe(0)
  expect(table!.seeds[0]).toBe(20_000)
})
