/*
 * tar: the few lines of the tar form (ustar) that a bundle needs: a header per file, its bytes, zeros up to a block.
 * In: names, sizes, bytes. Out: headers and paddings; the files of an archive, one after the other.
 * Invariant: only plain files; a name is relative and stays inside; a header whose sum does not match ends reading with words.
 * Source: docs/history.md "bundles"; POSIX.1-2001 ustar.
 */
import { AppError } from '../../lib/contracts/appError.ts'

const BLOCK = 512
const NAME_BYTES = 100
const SAFE_NAME = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/

/** The header of one file. */
export function tarHeader(name: string, bytes: number, atS: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, length: number): string =>
    `${Math.floor(value)
      .toString(8)
      .padStart(length - 1, '0')}\0`
  header.write(name, 0, NAME_BYTES, 'latin1')
  header.write(octal(0o644, 8), 100, 'latin1')
  header.write(octal(0, 8), 108, 'latin1')
  header.write(octal(0, 8), 116, 'latin1')
  header.write(octal(bytes, 12), 124, 'latin1')
  header.write(octal(atS, 12), 136, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** Zeros behind a file. */
export const tarPadding = (bytes: number): Buffer => Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK)
/** Two empty blocks end an archive. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK)

const refuse = (why: string): never => {
  throw new AppError('CONTRACT_INVALID', `this is no bundle: ${why}`, { path: 'file' })
}

export interface TarEntry {
  readonly name: string
  readonly bytes: number
  /** Of its content in the archive. */
  readonly at: number
}

/** Lists the files of an archive; `read` gives bytes of it. @throws CONTRACT_INVALID when it is none, or names what it may not */
export function listTar(size: number, read: (at: number, bytes: number) => Buffer): TarEntry[] {
  const entries: TarEntry[] = []
  for (let at = 0; at + BLOCK <= size;) {
    const header = read(at, BLOCK)
    if (header.every((byte) => byte === 0)) return entries
    const told = Number.parseInt(header.toString('latin1', 148, 156), 8)
    header.fill(0x20, 148, 156)
    if (header.reduce((total, byte) => total + byte, 0) !== told) return refuse(`its header at byte ${at} is damaged`)
    const name = header.toString('latin1', 0, NAME_BYTES).split('\0')[0] ?? ''
    if (!SAFE_NAME.test(name) || name.includes('..')) return refuse(`it names a file ${JSON.stringify(name)}`)
    const bytes = Number.parseInt(header.toString('latin1', 124, 136), 8)
    if (!Number.isSafeInteger(bytes) || bytes < 0 || at + BLOCK + bytes > size) return refuse(`${name} is cut off`)
    entries.push({ name, bytes, at: at + BLOCK })
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK
  }
  return refuse('its end is missing')
}
