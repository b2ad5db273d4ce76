/*
 * commandId: ids that sort by the time they were made: UUID version 7.
 * In: a clock. Out: ids.
 * Invariant: two ids of one process differ, and a later one sorts behind an earlier one, also within a millisecond.
 * Source: RFC 9562 5.7.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../lib/primitives/clock.ts'

/** Creates a maker of ids. */
export function createCommandIds(clock: Clock): () => string {
  let lastMs = 0
  let count = 0
  return () => {
    const nowMs = Math.floor(clock.wallMs())
    // A clock that was set back goes on from where it was: order matters more than the moment.
    if (nowMs > lastMs) {
      lastMs = nowMs
      count = 0
    } else if (++count > 0xfff) {
      lastMs++
      count = 0
    }
    const bytes = randomBytes(16)
    bytes.writeUIntBE(lastMs, 0, 6)
    bytes.writeUInt16BE(0x7000 | count, 6)
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = bytes.toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
