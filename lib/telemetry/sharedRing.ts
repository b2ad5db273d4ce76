/*
 * sharedRing: hands ticks from the training thread to the publisher thread through shared memory, one writer, one reader.
 * In: a fill callback that writes bytes in place. Out: views of whole slots in order, and an exact count of what was dropped.
 * Invariant: the published index is stored last, so a slot is seen whole or not at all; the writer never waits, never notifies
 * and never allocates; a full ring drops the new tick and counts it, and each slot carries the drops that came before it.
 * Source: seed-design.md 3.2; docs/architecture.md "telemetry flow".
 */
import { AppError } from '../contracts/appError.ts'

// Writer's, reader's and drop counters sit in separate 128-byte lines, so the two cores do not fight over one cache line.
const SLOTS_AT = 0
const SLOT_BYTES_AT = 1
const WRITTEN_AT = 32
const READ_AT = 64
const DROPPED_AT = 96
const CONTROL_BYTES = 512
/** Length and drops-before of one slot, ahead of its bytes. */
const SLOT_HEADER_BYTES = 8
const MAX_RING_BYTES = 1 << 30

export interface SharedRing {
  readonly buffer: SharedArrayBuffer
  readonly slots: number
  readonly slotBytes: number
}

export interface RingWriter {
  readonly slotBytes: number
  /** Lets `fill` write into the next slot and publishes the number of bytes it returns; false (and counted) when the ring is full. A throw from `fill` publishes nothing. */
  tryWrite(fill: (slot: Uint8Array) => number): boolean
  /** Ticks dropped since the ring was made. */
  dropped(): number
}

export interface RingReader {
  /** Shows the oldest unread slot, or null. The view is valid until release(); reading again without release shows the same slot. */
  read(): Uint8Array | null
  /** Frees the slot shown by read(); without one it does nothing. */
  release(): void
  /** Ticks the writer had dropped, in all, before it wrote the slot shown by read(). Places a loss exactly between two ticks. */
  droppedBefore(): number
  /** Ticks dropped since the ring was made. */
  dropped(): number
  /** Slots written and not released. */
  backlog(): number
}

/**
 * Allocates a ring; the number of slots is rounded up to a power of two (counters wrap at 2^32).
 * @throws CONFIG_INVALID for sizes that are not positive integers or exceed 1 GB in all.
 */
export function createSharedRing(slots: number, slotBytes: number): SharedRing {
  const valid = Number.isInteger(slots) && slots >= 1 && Number.isInteger(slotBytes) && slotBytes >= 1
  const rounded = valid ? 2 ** Math.ceil(Math.log2(slots)) : 0
  const bytes = CONTROL_BYTES + rounded * strideOf(slotBytes)
  if (!valid || bytes > MAX_RING_BYTES)
    throw new AppError('CONFIG_INVALID', `a ring of ${slots} slots of ${slotBytes} bytes can not be made`)
  const buffer = new SharedArrayBuffer(bytes)
  const control = new Int32Array(buffer, 0, CONTROL_BYTES / 4)
  control[SLOTS_AT] = rounded
  control[SLOT_BYTES_AT] = slotBytes
  return { buffer, slots: rounded, slotBytes }
}

/** Attaches the one writer. A later writer of the same ring continues where the former stopped. */
export function ringWriter(buffer: SharedArrayBuffer): RingWriter {
  const { control, slots, slotBytes, headers, views } = attach(buffer)
  const mask = slots - 1
  let written = Atomics.load(control, WRITTEN_AT)
  let dropped = Atomics.load(control, DROPPED_AT)
  return {
    slotBytes,
    tryWrite(fill) {
      if (((written - Atomics.load(control, READ_AT)) | 0) >= slots) {
        dropped = (dropped + 1) | 0
        Atomics.store(control, DROPPED_AT, dropped)
        return false
      }
      const at = written & mask
      const bytes = fill(views[at] as Uint8Array)
      if (!(bytes >= 0 && bytes <= slotBytes))
        throw new AppError('INTERNAL', `a ring slot of ${slotBytes} bytes was filled with ${bytes}`)
      const header = headers[at] as Int32Array
      header[0] = bytes
      header[1] = dropped
      written = (written + 1) | 0
      Atomics.store(control, WRITTEN_AT, written)
      return true
    },
    dropped: () => dropped >>> 0,
  }
}

/** Attaches the one reader. A later reader of the same ring continues where the former stopped. */
export function ringReader(buffer: SharedArrayBuffer): RingReader {
  const { control, slots, slotBytes, headers, views } = attach(buffer)
  const mask = slots - 1
  let read = Atomics.load(control, READ_AT)
  let held = false
  return {
    read() {
      if (((Atomics.load(control, WRITTEN_AT) - read) | 0) <= 0) return null
      held = true
      const at = read & mask
      const bytes = Math.min(Math.max((headers[at] as Int32Array)[0] as number, 0), slotBytes)
      return (views[at] as Uint8Array).subarray(0, bytes)
    },
    release() {
      if (!held) return
      held = false
      read = (read + 1) | 0
      Atomics.store(control, READ_AT, read)
    },
    droppedBefore: () => ((headers[read & mask] as Int32Array)[1] as number) >>> 0,
    dropped: () => Atomics.load(control, DROPPED_AT) >>> 0,
    backlog: () => (Atomics.load(control, WRITTEN_AT) - read) | 0,
  }
}

function strideOf(slotBytes: number): number {
  return SLOT_HEADER_BYTES + Math.ceil(slotBytes / 8) * 8
}

function attach(buffer: SharedArrayBuffer) {
  const control = new Int32Array(buffer, 0, CONTROL_BYTES / 4)
  const slots = control[SLOTS_AT] as number
  const slotBytes = control[SLOT_BYTES_AT] as number
  const stride = strideOf(slotBytes)
  if (slots < 1 || buffer.byteLength !== CONTROL_BYTES + slots * stride)
    throw new AppError('CONFIG_INVALID', 'this shared buffer was not made by createSharedRing')
  const at = Array.from({ length: slots }, (_, slot) => CONTROL_BYTES + slot * stride)
  return {
    control,
    slots,
    slotBytes,
    headers: at.map((offset) => new Int32Array(buffer, offset, 2)),
    views: at.map((offset) => new Uint8Array(buffer, offset + SLOT_HEADER_BYTES, slotBytes)),
  }
}
