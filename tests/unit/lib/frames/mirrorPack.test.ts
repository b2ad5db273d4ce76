import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyLayerMirror, createLayerMirror, type LayerMirror } from '../../../../lib/frames/layerMirror.ts'
import { makeLazy } from '../../../../lib/frames/lazyMirrors.ts'
import { packMirrors } from '../../../../lib/frames/mirrorPack.ts'

const plain = (mirror: LayerMirror) => ({
  ...mirror,
  columns: mirror.columns.map((column) => [...new Uint32Array(column.slice().buffer)]),
  values: [...new Uint32Array(mirror.values.slice().buffer)],
})

/** Fills a mirror with anything at all, NaN of every payload included. */
function filled(layer: number, rows: number, columns: number, seed: number): LayerMirror {
  const mirror = createLayerMirror(layer, rows, columns, columns > 0 ? 'exact' : 'cells')
  const noise = (at: number): number => (Math.imul(at + seed, 2_654_435_761) >>> 8) & 255
  new Uint8Array(mirror.state.buffer).forEach((_, at, all) => (all[at] = noise(at)))
  new Uint8Array(mirror.values.buffer).forEach((_, at, all) => (all[at] = noise(at * 3)))
  mirror.stateCounts.forEach((_, at, all) => (all[at] = noise(at)))
  const head = {
    frame: seed,
    step: seed * 20,
    tick: 7,
    ingestMs: 1.5 * seed,
    serverMs: seed,
    sourceFlags: 2,
    version: 9,
  }
  return Object.assign(mirror, head, { gaps: 1 })
}

test('whatever was packed is there again, bit by bit, and other layers stay as they are', () => {
  const shape = fc.record({ rows: fc.integer({ min: 1, max: 40 }), columns: fc.integer({ min: 0, max: 5 }) })
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 5 }), fc.nat(1_000), (shapes, seed) => {
      const sources = shapes.map(({ rows, columns }, layer) => filled(layer, rows, columns, seed + layer))
      const targets = shapes.map(({ rows, columns }, layer) => filled(layer, rows, columns, seed + 100))
      const before = targets.map((target) => plain(copyLayerMirror(target)))
      const sent = sources.filter((_, layer) => (seed + layer) % 2 === 0)
      const changed = makeLazy(targets).take(packMirrors(sent))
      expect(changed.map((mirror) => mirror.layer)).toEqual(sent.map((mirror) => mirror.layer))
      targets.forEach((target, layer) =>
        expect(plain(target)).toEqual(sent.includes(sources[layer]!) ? plain(sources[layer]!) : before[layer]),
      )
    }),
  )
})

test('a pack of another shape, of an unknown layer or cut short changes nothing', () => {
  const pack = packMirrors([filled(0, 4, 0, 1), filled(1, 4, 2, 2)])
  const others = [
    [filled(0, 4, 0, 5), filled(1, 5, 2, 5)],
    [filled(0, 4, 0, 5)],
    [filled(0, 4, 0, 5), filled(1, 4, 3, 5)],
  ]
  for (const targets of others) {
    const before = targets.map((target) => plain(copyLayerMirror(target)))
    expect(() => makeLazy(targets).take(pack)).toThrow('pack of pictures')
    expect(targets.map(plain)).toEqual(before)
  }
  const targets = [filled(0, 4, 0, 5), filled(1, 4, 2, 5)]
  expect(() => makeLazy(targets).take(pack.slice(0, pack.byteLength - 8))).toThrow('pack of pictures')
  expect(() => makeLazy(targets).take(pack.slice(0, 16))).toThrow('pack of pictures')
})

test('a copy of a mirror is the same picture and does not follow it', () => {
  const mirror = filled(0, 6, 2, 3)
  const copy = copyLayerMirror(mirror)
  expect(plain(copy)).toEqual(plain(mirror))
  mirror.state[0] = 1
  mirror.values[0] = 4
  mirror.stateCounts[0] = 5
  expect([copy.state[0], copy.values[0], copy.stateCounts[0]]).not.toEqual([1, 4, 5])
})

test('a picture is copied when somebody looks: the newest of its layer, once; its name and counts are there at once', () => {
  const [first, second] = [filled(0, 40, 3, 1), filled(0, 40, 3, 2)]
  const target = createLayerMirror(0, 40, 3, 'exact')
  const planes = new Uint8Array(target.state.buffer)
  const lazy = makeLazy([target])
  const before = planes.slice()
  expect(lazy.take(packMirrors([first]))[0] === target).toBe(true)
  lazy.take(packMirrors([second]))
  expect([target.frame, target.ingestMs, target.stateCounts[3]]).toEqual([2, 3, second.stateCounts[3]])
  // Nobody has looked: not one byte of the picture was touched.
  expect(planes).not.toEqual(new Uint8Array(second.state.buffer))
  const { state } = target
  expect([...state]).toEqual([...second.state])
  expect(before).not.toEqual(planes)
  planes[0] = planes[0]! ^ 255
  const changed = planes[0]
  // Looked at again, nothing new came: it is not written again.
  expect(target.state[0]).toBe(changed)
})
