import { describe, expect, test } from 'vitest'
import { createGifWriter } from '../../../../components/replay/gifWriter.ts'
import { readGif } from '../../../support/readGif.ts'

const [WIDTH, HEIGHT] = [64, 36]
type Color = readonly [number, number, number]

function picture(colorAt: (x: number, y: number) => Color): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4)
  for (let at = 0; at < WIDTH * HEIGHT; at++) data.set([...colorAt(at % WIDTH, Math.floor(at / WIDTH)), 255], at * 4)
  return data
}
const rgb = (data: Uint8ClampedArray): Uint32Array =>
  Uint32Array.from(
    { length: data.length / 4 },
    (_, at) => (data[at * 4]! << 16) | (data[at * 4 + 1]! << 8) | data[at * 4 + 2]!,
  )

describe('a GIF of a film', () => {
  test('holds every picture, for its own time, exactly where its new colours are few', () => {
    // A bar that moves over a ground of 200 colours; the third picture is the second again.
    const at = (bar: number) => picture((x, y) => (x === bar ? [255, 80, 0] : [(x * 3) % 200, 20, y % 2]))
    const pictures = [at(3), at(4), at(4), at(40)]
    const delays = [100, 100, 250, 70]
    const writer = createGifWriter(WIDTH, HEIGHT)
    pictures.forEach((one, index) => writer.add(one, delays[index]!))
    const bytes = writer.finish()
    const file = readGif(bytes)
    expect(file).toMatchObject({ width: WIDTH, height: HEIGHT, repeats: true })
    expect(file.pictures.map(({ delayMs }) => delayMs)).toEqual(delays)
    file.pictures.forEach((one, index) => expect(one.pixels).toEqual(rgb(pictures[index]!)))
  })

  test('what did not change is not written again: the same picture twice costs less than a tenth of it, beside its colours', () => {
    const noise = picture((x, y) => [(x * 37 + y * 91) % 240, (x * y) % 7, 9])
    const once = createGifWriter(WIDTH, HEIGHT)
    once.add(noise, 100)
    const twice = createGifWriter(WIDTH, HEIGHT)
    twice.add(noise, 100)
    twice.add(noise, 100)
    const [first, both] = [once.finish().length, twice.finish().length]
    const colors = 256 * 3
    expect(both - first - colors).toBeLessThan(first / 10)
    expect(both).toBeGreaterThan(first)
  })

  test('a picture of more colours than a GIF has is drawn in the nearest of them', () => {
    const many = picture((x, y) => [x * 4, y * 7, (x + y) * 2])
    const writer = createGifWriter(WIDTH, HEIGHT)
    writer.add(many, 100)
    const [drawn] = readGif(writer.finish()).pictures
    const wanted = rgb(many)
    let sum = 0
    drawn!.pixels.forEach((color, at) => {
      for (const shift of [16, 8, 0]) sum += Math.abs(((color >> shift) & 255) - ((wanted[at]! >> shift) & 255))
    })
    expect(new Set(drawn!.pixels).size).toBeGreaterThan(128)
    expect(sum / (drawn!.pixels.length * 3)).toBeLessThan(12)
  })

  test('a picture of another size is refused', () => {
    expect(() => createGifWriter(WIDTH, HEIGHT).add(new Uint8ClampedArray(8), 100)).toThrow(/has 9216 bytes/)
  })
})
