import { expect, test } from 'vitest'
import { decodeEntry } from '../../../../lib/bus/codec.ts'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { copyWireColumns, FRAME_KIND } from '../../../../lib/frames/wireFrame.ts'
import { cellValue, createColumnPublisher } from '../../../support/columnPublisher.ts'
import { createManualClock } from '../../../support/manualClock.ts'

test('publishes a descriptor and ticks every cell of which is the documented function', async () => {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  const publisher = createColumnPublisher({ bus, clock, layers: 5, seedsPerLayer: 300, maxEntryBytes: 70_000 })
  await publisher.publishRun()
  expect(await publisher.publishTick()).toBe(3)
  await publisher.publishTick({ skipSeq: 4 })
  const runs = await bus.read('kasmina.run', {})
  const run = runs.kind === 'entries' && runs.entries[0] ? decodeEntry(runs.entries[0]) : null
  expect(run?.kind === 'message' && run.message.message_type === 'RunDescriptor' && run.message.origin).toBe(
    'load-generator',
  )
  const ticks = await bus.read('kasmina.telemetry.shard.0', {})
  if (ticks.kind !== 'entries') throw new Error('trimmed')
  expect(ticks.entries.map((entry) => entry.seq)).toEqual([1, 2, 3, 8, 9, 10])
  const layers: number[] = []
  for (const entry of ticks.entries) {
    expect(entry.data.length).toBeLessThanOrEqual(70_000)
    const decoded = decodeEntry(entry)
    if (decoded.kind !== 'frames') throw new Error('not frames')
    for (const { header, offset } of decoded.frames) {
      expect(header.seq).toBe(entry.seq)
      expect(header.schemaId).toBe(publisher.run.schema_id)
      if (header.kind !== FRAME_KIND.seeds) continue
      layers.push(header.layer)
      const columns = new Float32Array(header.rows * header.columns)
      copyWireColumns(decoded.bytes, offset, header, columns)
      SEED_COLUMNS.forEach((column, at) => {
        for (const row of [0, 1, 299])
          expect(columns[at * 300 + row]).toBe(Math.fround(cellValue(column, at, header.layer, row, header.tick)))
      })
    }
  }
  expect(layers).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
  await bus.stop()
})

test('10,000 seeds make an entry the bus accepts', async () => {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  const publisher = createColumnPublisher({ bus, clock, layers: 2, seedsPerLayer: 10_000 })
  expect(await publisher.publishTick()).toBe(2)
  expect(publisher.seq).toBe(2)
  await bus.stop()
})
