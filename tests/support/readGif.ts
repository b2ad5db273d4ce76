/*
 * readGif: reads a GIF back by the book, so that what the product wrote is judged by other code than what wrote it.
 * In: bytes of a file. Out: its size, whether it repeats, each picture's time and the colours the screen then holds.
 * Invariant: throws where a file is not a GIF89a to its last byte; pictures are laid over one another as a viewer does.
 * Source: w3.org/Graphics/GIF/spec-gif89a.txt.
 */
export interface GifPicture {
  readonly delayMs: number
  /** 0xrrggbb of every pixel. */
  readonly pixels: Uint32Array
}
export interface GifFile {
  readonly width: number
  readonly height: number
  readonly repeats: boolean
  readonly pictures: readonly GifPicture[]
}

/** Unpacks the LZW codes of one picture. */
function unpack(codes: Uint8Array, smallest: number, count: number): Uint8Array {
  const out = new Uint8Array(count)
  const clear = 1 << smallest
  let [at, bits, bitCount, width] = [0, 0, 0, smallest + 1]
  let table: number[][] = []
  let before: number[] | null = null
  const begin = (): void => {
    table = Array.from({ length: clear + 2 }, (_, code) => [code])
    width = smallest + 1
    before = null
  }
  begin()
  for (const byte of codes) {
    bits |= byte << bitCount
    bitCount += 8
    while (bitCount >= width) {
      const code = bits & ((1 << width) - 1)
      bits >>>= width
      bitCount -= width
      if (code === clear) {
        begin()
        continue
      }
      if (code === clear + 1) {
        if (at !== count) throw new Error(`a picture of ${count} pixels ends after ${at}`)
        return out
      }
      const known: number[] | undefined = table[code]
      if (known === undefined && (before === null || code !== table.length)) throw new Error(`no such code: ${code}`)
      const run: number[] = known ?? [...before!, before![0]!]
      if (at + run.length > count) throw new Error('more pixels than the picture has')
      out.set(run, at)
      at += run.length
      if (before !== null && table.length < 4_096) table.push([...before, run[0]!])
      if (table.length === 1 << width && width < 12) width++
      before = run
    }
  }
  throw new Error('the picture never ends')
}

/** Reads a file. @throws where it is none */
export function readGif(bytes: Uint8Array): GifFile {
  let at = 0
  const byte = (): number => {
    const value = bytes[at++]
    if (value === undefined) throw new Error('the file ends too early')
    return value
  }
  const word = (): number => byte() | (byte() << 8)
  const colors = (flags: number): readonly number[] =>
    (flags & 0x80) === 0 ? [] : Array.from({ length: 2 << (flags & 7) }, () => (byte() << 16) | (byte() << 8) | byte())
  const blocks = (): Uint8Array => {
    const parts: number[] = []
    for (let length = byte(); length > 0; length = byte()) for (let i = 0; i < length; i++) parts.push(byte())
    return Uint8Array.from(parts)
  }
  const text = (length: number): string => String.fromCharCode(...Array.from({ length }, byte))
  if (text(6) !== 'GIF89a') throw new Error('not a GIF89a')
  const [width, height, flags] = [word(), word(), byte()]
  at += 2
  const common = colors(flags)
  const screen = new Uint32Array(width * height)
  const pictures: GifPicture[] = []
  let repeats = false
  let control = { delayMs: 0, through: -1, dispose: 0 }
  for (;;) {
    const kind = byte()
    if (kind === 0x3b) break
    if (kind === 0x21) {
      const label = byte()
      const content = blocks()
      if (label === 0xff) repeats = String.fromCharCode(...content.subarray(0, 11)) === 'NETSCAPE2.0'
      if (label === 0xf9)
        control = {
          delayMs: (content[1]! | (content[2]! << 8)) * 10,
          through: (content[0]! & 1) === 1 ? content[3]! : -1,
          dispose: (content[0]! >> 2) & 7,
        }
      continue
    }
    if (kind !== 0x2c) throw new Error(`an unknown block: ${kind}`)
    const [left, top, wide, high, local] = [word(), word(), word(), word(), byte()]
    if (control.dispose > 1) throw new Error('pictures that take back what was drawn are not read here')
    const own = colors(local)
    const palette = own.length > 0 ? own : common
    const smallest = byte()
    unpack(blocks(), smallest, wide * high).forEach((index, pixel) => {
      if (index === control.through) return
      screen[(top + Math.floor(pixel / wide)) * width + left + (pixel % wide)] = palette[index]!
    })
    pictures.push({ delayMs: control.delayMs, pixels: screen.slice() })
  }
  if (at !== bytes.length) throw new Error('something follows the end')
  return { width, height, repeats, pictures }
}
