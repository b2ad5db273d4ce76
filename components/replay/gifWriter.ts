/*
 * GIF writer: pictures of one size into one moving GIF, picture by picture.
 * In: opaque RGBA pictures, how long each is shown. Out: the bytes of the file.
 * Invariant: as many pictures in the file as were given, each for its own time; a picture of at most 255 new colours is exact, one of
 * more is drawn in the 255 that fit it best; what did not change since the picture before is see-through and costs nearly nothing.
 * Source: docs/ux.md "film".
 */
import { applyPalette, GIFEncoder, quantize } from 'gifenc/dist/gifenc.esm.js'

/** One of 256 is the see-through one. */
const COLORS = 255

export interface GifWriter {
  add(picture: Uint8ClampedArray<ArrayBuffer>, delayMs: number): void
  finish(): Uint8Array<ArrayBuffer>
}

type Palette = ReturnType<typeof quantize>

/** The colours of the places, when they are few enough; null when not. */
function exactColors(words: Uint32Array, places: Uint32Array): Map<number, number> | null {
  const colors = new Map<number, number>()
  let last = -1
  for (const place of places) {
    const word = words[place]!
    if (word === last) continue
    last = word
    if (colors.has(word)) continue
    if (colors.size === COLORS) return null
    colors.set(word, colors.size)
  }
  return colors
}

/** Creates a writer of pictures of this size. */
export function createGifWriter(width: number, height: number): GifWriter {
  const gif = GIFEncoder()
  const pixels = width * height
  const changed = new Uint32Array(pixels)
  let before: Uint32Array | null = null

  /** Gives each of the places its index, and the colours that the indices name. */
  const draw = (words: Uint32Array, places: Uint32Array, index: Uint8Array): Palette => {
    const exact = exactColors(words, places)
    if (exact !== null) {
      for (const place of places) index[place] = exact.get(words[place]!)!
      return [...exact.keys()].map((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255] as const)
    }
    const some = Uint32Array.from(places, (place) => words[place]!)
    const bytes = new Uint8Array(some.buffer)
    const palette = quantize(bytes, COLORS, { format: 'rgb565' })
    const found = applyPalette(bytes, palette, 'rgb565')
    places.forEach((place, at) => (index[place] = found[at]!))
    return palette
  }

  return {
    add(picture, delayMs) {
      if (picture.length !== pixels * 4) throw new Error(`a picture of ${width} x ${height} has ${pixels * 4} bytes`)
      const words = new Uint32Array(picture.buffer, picture.byteOffset, pixels)
      let count = 0
      for (let place = 0; place < pixels; place++)
        if (before === null || words[place] !== before[place]) changed[count++] = place
      const index = new Uint8Array(pixels)
      // The last colour is the see-through one, and stands where nothing changed.
      index.fill(COLORS)
      const palette = draw(words, changed.subarray(0, count), index)
      const whole = Array.from({ length: COLORS + 1 }, (_, at) => palette[at] ?? ([0, 0, 0] as const))
      gif.writeFrame(index, width, height, {
        palette: whole,
        delay: delayMs,
        transparent: before !== null,
        transparentIndex: COLORS,
        dispose: 1,
        repeat: 0,
      })
      before = words.slice()
    },
    finish() {
      gif.finish()
      return gif.bytes()
    },
  }
}
