import { crc32, deflateSync, inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { shrinkPng } from '../../../scripts/pngSize.mjs'

function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length)
  head.write(type, 4, 'latin1')
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(data, crc32(head.subarray(4))))
  return Buffer.concat([head, data, sum])
}

function parse(png: Buffer): { type: string; data: Buffer; sound: boolean }[] {
  const found = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const length = png.readUInt32BE(at)
    const body = png.subarray(at + 4, at + 8 + length)
    const sound = crc32(body) === png.readUInt32BE(at + 8 + length)
    found.push({ type: png.toString('latin1', at + 4, at + 8), data: body.subarray(4), sound })
  }
  return found
}

const pixels = Buffer.alloc(64 * 200)
for (let i = 0; i < pixels.length; i++) pixels[i] = i % 64 === 0 ? 0 : (i * 7) & 31
const weak = deflateSync(pixels, { level: 1 })
const png = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  chunk('IHDR', Buffer.alloc(13, 1)),
  chunk('tEXt', Buffer.from('Software\0something')),
  chunk('IDAT', weak.subarray(0, 20)),
  chunk('IDAT', weak.subarray(20)),
  chunk('IEND', Buffer.alloc(0)),
])

test('keeps every pixel, joins the data, drops side chunks and is not larger', () => {
  const parts = parse(shrinkPng(png))
  expect(parts.map((part) => part.type)).toEqual(['IHDR', 'IDAT', 'IEND'])
  expect(parts.every((part) => part.sound)).toBe(true)
  expect(inflateSync(parts[1]!.data).equals(pixels)).toBe(true)
  expect(shrinkPng(png).length).toBeLessThan(png.length)
})

test('hands back what is not a PNG', () => {
  const other = Buffer.from('hello')
  expect(shrinkPng(other)).toBe(other)
})
