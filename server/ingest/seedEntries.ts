/*
 * seedEntries: the newest bus entries that concern one seed, decoded and checked, from every stream that may carry one.
 * In: a bus, the seed and its run. Out: entries newest first with the seed's own row, or the reason why one can not be read.
 * Invariant: an entry that fails its check is shown with the failing path, not left out; what is decoded is a copy; bounded in
 * entries, streams and bytes, and where the search stopped is told.
 * Source: docs/protocol.md "entry fields"; docs/ux.md "pages: seed".
 */
import { decodeEntry, type DecodedEntry } from '../../lib/bus/codec.ts'
import type { Delivery, MessageBus } from '../../lib/bus/messageBus.ts'
import { isAppError } from '../../lib/contracts/appError.ts'
import type { RawEntry } from '../../lib/contracts/httpSeed.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { FRAME_KIND, WIRE_HEADER_BYTES } from '../../lib/frames/wireFrame.ts'
import { compareCursors, readBackwards } from './readBackwards.ts'

export type EntryKind = RawEntry['kind']

export interface SeedEntriesRequest {
  readonly run: Pick<RunDescriptor, 'run_id' | 'telemetry_src' | 'epoch' | 'seed_columns'>
  readonly layer: number
  readonly layer_id: string
  readonly seed_id: number
  /** Topic of the newest values, where it is known: packed frames do not name their layer in it. */
  readonly telemetry_topic: string | null
  /** Exclusive; absent: from now. */
  readonly before: string | null
  readonly limit: number
  readonly kind: EntryKind | null
}

export interface SeedEntriesAnswer {
  readonly topics: readonly string[]
  readonly entries: readonly RawEntry[]
  readonly next: string | null
  readonly looked_at: number
}

const MAX_TOPICS = 16
const MAX_LOOK = 2_000
const MAX_CONTENT_BYTES = 65_536

/** Tells what kind of thing travels on a topic, by its words; null when nothing of a seed does. */
export function kindOf(topic: string): EntryKind | null {
  if (/\.telemetry\./.test(topic)) return 'telemetry'
  if (/\.(control|ack)\./.test(topic)) return 'command'
  return /\.(event|alert)\./.test(topic) ? 'event' : null
}

/** Streams that may carry entries of the seed. */
async function topicsOf(
  bus: MessageBus,
  request: SeedEntriesRequest,
): Promise<readonly (readonly [string, EntryKind])[]> {
  const { layer_id, seed_id, telemetry_topic, kind } = request
  const known = await bus.topics()
  const ofLayer = known.filter((topic) => {
    if (topic === 'kasmina.control.all') return true
    const tail = topic.split('.layer.')[1]
    if (tail === undefined || !(tail === layer_id || tail.startsWith(`${layer_id}.`))) return false
    const seed = /\.seed\.(\d+)$/.exec(topic)?.[1]
    return seed === undefined || Number(seed) === seed_id
  })
  return [...new Set([...(telemetry_topic === null ? [] : [telemetry_topic]), ...ofLayer])]
    .map((topic) => [topic, kindOf(topic) ?? (topic === telemetry_topic ? 'telemetry' : null)] as const)
    .filter((entry): entry is readonly [string, EntryKind] => entry[1] !== null && (kind === null || entry[1] === kind))
    .slice(0, MAX_TOPICS)
}

type Named = { readonly layer_id?: unknown; readonly seed_id?: unknown; readonly run_id?: unknown }

/** Whether a message is about the seed, its whole layer, or a part of it is. */
function concerns(message: AnyMessage, { layer_id, seed_id, run }: SeedEntriesRequest): boolean {
  const isMine = (named: Named): boolean =>
    (named.layer_id === undefined || named.layer_id === null || named.layer_id === layer_id) &&
    (named.seed_id === undefined || named.seed_id === null || named.seed_id === seed_id) &&
    (typeof named.run_id !== 'string' || named.run_id === run.run_id)
  if (message.message_type === 'TelemetryBatch') return message.messages.some((part) => isMine(part))
  if (message.message_type === 'BatchCommand') return message.commands.some((part) => isMine(part))
  return isMine(message as Named)
}

/** The seed's row of a packed entry; null when the entry carries no frame of its layer. */
function rowOfFrames(decoded: Extract<DecodedEntry, { kind: 'frames' }>, request: SeedEntriesRequest) {
  const frame = decoded.frames.find(({ header }) => header.kind === FRAME_KIND.seeds && header.layer === request.layer)
  if (frame === undefined || request.seed_id >= frame.header.rows) return null
  const { header, offset } = frame
  const view = new DataView(decoded.bytes.buffer, decoded.bytes.byteOffset + offset + WIRE_HEADER_BYTES)
  const row = Object.fromEntries(
    request.run.seed_columns.slice(0, header.columns).map(({ name }, column) => {
      const value = view.getFloat32((column * header.rows + request.seed_id) * 4, true)
      return [name, Number.isFinite(value) ? value : null]
    }),
  )
  return { row, header: { ...header, frames_in_entry: decoded.frames.length } }
}

/** A report carries its whole layer: what belongs to other seeds is left out, and counted. */
function ofMessage(message: AnyMessage, seedId: number): { readonly row: RawEntry['row']; readonly content: unknown } {
  if (message.message_type === 'LayerHealthReport') {
    const { health_metrics: all, ...rest } = message
    const row = all[String(seedId)] ?? null
    return {
      row,
      content: {
        ...rest,
        health_metrics: row === null ? {} : { [seedId]: row },
        seeds_in_report: Object.keys(all).length,
      },
    }
  }
  if (message.message_type === 'SeedMetricsSnapshot') return { row: message.metrics, content: message }
  if (message.message_type === 'TelemetryBatch') {
    const parts = message.messages.map((part) => ofMessage(part, seedId))
    return {
      row: parts.findLast((part) => part.row !== null)?.row ?? null,
      content: { ...message, messages: parts.map((part) => part.content) },
    }
  }
  return { row: null, content: message }
}

export function bounded(content: unknown): unknown {
  const bytes = JSON.stringify(content)?.length ?? 0
  return bytes <= MAX_CONTENT_BYTES ? content : { too_large_to_show: `${bytes} characters of JSON` }
}

/** What an entry says of itself before it is read. */
export function headOf(delivery: Delivery, kind: EntryKind) {
  const { src, epoch, seq } = delivery
  return {
    topic: delivery.topic,
    entry_id: delivery.cursor,
    at_ms: delivery.acceptedAtMs,
    kind,
    type: delivery.type.slice(0, 128),
    enc: delivery.enc ?? null,
    bytes: delivery.data.byteLength,
    source: src === undefined ? null : { src: src.slice(0, 256), epoch: epoch ?? null, seq: seq ?? null },
  }
}

/** Why an entry was refused. */
export function failedCheck(error: unknown): RawEntry['check'] {
  const path = isAppError(error) ? error.context['path'] : null
  return {
    ok: false,
    code: isAppError(error) ? error.code : 'INTERNAL',
    path: typeof path === 'string' ? path.slice(0, 512) : null,
    text: error instanceof Error ? error.message.slice(0, 1_000) : 'unreadable',
  }
}

/** Reads one delivery; null when it does not concern the seed. */
export function toRawEntry(delivery: Delivery, kind: EntryKind, request: SeedEntriesRequest): RawEntry | null {
  const { src, epoch } = delivery
  const head = headOf(delivery, kind)
  try {
    const decoded = decodeEntry(delivery)
    if (decoded.kind === 'frames') {
      if (src !== request.run.telemetry_src || epoch !== request.run.epoch) return null
      const mine = rowOfFrames(decoded, request)
      return mine === null ? null : { ...head, check: { ok: true }, row: mine.row, content: mine.header }
    }
    if (!concerns(decoded.message, request)) return null
    const { row, content } = ofMessage(decoded.message, request.seed_id)
    return { ...head, type: decoded.type.slice(0, 128), check: { ok: true }, row, content: bounded(content) }
  } catch (error) {
    // A stream that many layers share says nothing of whom a broken entry was about.
    if (!delivery.topic.includes(`.layer.${request.layer_id}`)) return null
    return { ...head, check: failedCheck(error), row: null, content: null }
  }
}

/** Finds the newest entries of a seed. @throws what the bus throws */
export async function findSeedEntries(bus: MessageBus, request: SeedEntriesRequest): Promise<SeedEntriesAnswer> {
  const topics = await topicsOf(bus, request)
  const before = request.before ?? `${Math.ceil(await bus.nowMs()) + 60_000}-0`
  const found: RawEntry[] = []
  let floor: string | null = null
  let looked = 0
  for (const [topic, kind] of topics) {
    const accept = (delivery: Delivery): boolean => {
      const entry = toRawEntry(delivery, kind, request)
      if (entry !== null) found.push(entry)
      return entry !== null
    }
    const answer = await readBackwards(bus, { topic, before, wanted: request.limit, maxLook: MAX_LOOK, accept })
    looked += answer.looked
    if (answer.floor !== null && (floor === null || compareCursors(answer.floor, floor) > 0)) floor = answer.floor
  }
  // Below the highest floor one stream was not looked through yet: what another stream has there must wait.
  const seen = found
    .filter((entry) => floor === null || compareCursors(entry.entry_id, floor) >= 0)
    .toSorted((a, b) => compareCursors(b.entry_id, a.entry_id))
  const last = seen[request.limit - 1]
  // Entries of one id on several streams stay together, or the next page would miss one.
  const entries = last === undefined ? seen : seen.filter((entry) => compareCursors(entry.entry_id, last.entry_id) >= 0)
  const next = entries.length < seen.length ? entries.at(-1)!.entry_id : floor
  return {
    topics: topics.map(([topic]) => topic),
    entries: entries.slice(0, request.limit * 2),
    next,
    looked_at: looked,
  }
}
