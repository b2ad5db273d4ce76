import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { encodeWireFrame, FRAME_KIND, wireFrameBytes } from '../../../../lib/frames/wireFrame.ts'
import { createTickEncoder } from '../../../../lib/telemetry/tickEncoder.ts'

const head = { seq: 3, step: 40, tick: 2, publishedAtS: 1_795_000_000.5, flags: 1, windowMs: 133 }
const seeds = Float32Array.from([1, Number.NaN, -0, 3.5, 4, 5])
const summary = Float32Array.from([7, 8])
const encoder = createTickEncoder({ schemaId: 9, seedsPerLayer: [3, 3], seedColumns: 2, layerColumns: 2 })

test.each([0, 3])('the bytes in shared memory are those of the wire frames, at offset %i', (start) => {
  const target = new Uint8Array(new SharedArrayBuffer(start + encoder.tickBytes), start)
  const end = [0, 1].reduce((at, layer) => encoder.encodeLayer(target, at, layer, head, seeds, summary), 0)
  expect(end).toBe(encoder.tickBytes)
  const wanted = new Uint8Array(encoder.tickBytes)
  let at = 0
  for (const layer of [0, 1]) {
    const common = { ...head, schemaId: 9, layer }
    at += encodeWireFrame(wanted, at, { ...common, kind: FRAME_KIND.seeds, rows: 3, columns: 2 }, seeds)
    at += encodeWireFrame(wanted, at, { ...common, kind: FRAME_KIND.layer, rows: 1, columns: 2 }, summary)
  }
  expect(Buffer.compare(Buffer.from(target), Buffer.from(wanted))).toBe(0)
})

test('columns of another shape and a slot that is too small are refused, and nothing is written', () => {
  const target = new Uint8Array(encoder.tickBytes)
  const codeOf = (work: () => unknown): string => {
    try {
      work()
      return 'done'
    } catch (error) {
      return isAppError(error) ? error.code : String(error)
    }
  }
  for (const columns of [seeds.subarray(1), new Float32Array(7)])
    expect(codeOf(() => encoder.encodeLayer(target, 0, 0, head, columns, summary))).toBe('CONTRACT_FRAME')
  const small = target.subarray(0, wireFrameBytes(3, 2) - 1)
  expect(codeOf(() => encoder.encodeLayer(small, 0, 0, head, seeds, summary))).toBe('CONTRACT_FRAME')
  expect(target.every((byte) => byte === 0)).toBe(true)
})
