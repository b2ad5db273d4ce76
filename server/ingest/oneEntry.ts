/*
 * oneEntry: one entry of the bus by its place, decoded and checked, whoever it is about.
 * In: a bus, a topic, an entry id. Out: the entry as it lies there, or null when it is not retained (any more).
 * Invariant: an entry that fails its check is shown with the failing path; frames are shown by their headers; bounded in bytes.
 * Source: docs/protocol.md "provenance"; docs/ux.md "number provenance".
 */
import { decodeEntry } from '../../lib/bus/codec.ts'
import type { Delivery, MessageBus } from '../../lib/bus/messageBus.ts'
import type { RawEntry } from '../../lib/contracts/httpSeed.ts'
import type { EntryRef } from '../../lib/contracts/liveRecords.ts'
import { idBefore } from './readBackwards.ts'
import { bounded, failedCheck, headOf, kindOf } from './seedEntries.ts'

const MAX_FRAMES = 64

function toEntry(delivery: Delivery): RawEntry {
  const head = headOf(delivery, kindOf(delivery.topic) ?? 'event')
  try {
    const decoded = decodeEntry(delivery)
    if (decoded.kind === 'message')
      return {
        ...head,
        type: decoded.type.slice(0, 128),
        check: { ok: true },
        row: null,
        content: bounded(decoded.message),
      }
    const frames = decoded.frames.slice(0, MAX_FRAMES).map(({ header }) => header)
    return { ...head, check: { ok: true }, row: null, content: { frames_in_entry: decoded.frames.length, frames } }
  } catch (error) {
    return { ...head, check: failedCheck(error), row: null, content: null }
  }
}

/** Finds it. @throws what the bus throws */
export async function findEntry(bus: MessageBus, { topic, entry_id }: EntryRef): Promise<RawEntry | null> {
  const result = await bus.read(topic, { after: idBefore(entry_id), until: entry_id, limit: 1 })
  const found = result.kind === 'entries' ? result.entries.find(({ cursor }) => cursor === entry_id) : undefined
  return found === undefined ? null : toEntry(found)
}
