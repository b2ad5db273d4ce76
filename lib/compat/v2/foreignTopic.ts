/*
 * foreignTopic: what a stream of the v2 client carries, told by its name.
 * In: a topic below morphogenetic. Out: its kind, its layer in our alphabet, its seed.
 * Invariant: never throws; a name nobody documented is `other` and still read; layer names keep their identity, one to one where
 * only dots had to go.
 * Source: docs/protocol.md "the v2 client"; docs/connect-your-own-run.md.
 */
import { HOSTILE_KEYS } from '../../contracts/wireIdText.ts'

export const FOREIGN_PREFIX = 'morphogenetic.'
export const FOREIGN_PATTERN = 'morphogenetic.#'

export type ForeignKind = 'telemetry' | 'event' | 'alert' | 'presence' | 'coordination' | 'command' | 'ack' | 'other'

export interface ForeignTopic {
  readonly kind: ForeignKind
  /** As the topic spells it; null when the topic names none. */
  readonly nativeLayer: string | null
  readonly layer: string | null
  readonly seed: number | null
}

/**
 * Spells a layer name in the alphabet of ids. PyTorch names modules with dots (`encoder.0`), which separate segments here: a dot
 * becomes a colon, anything else that can not travel an underscore. Null when nothing is left.
 */
export function toLayerId(native: unknown): string | null {
  if (typeof native !== 'string' || native === '') return null
  const id = native
    .slice(0, 128)
    .replaceAll('.', ':')
    .replace(/[^A-Za-z0-9_:-]/g, '_')
  return HOSTILE_KEYS.has(id) ? null : id
}

const SCOPE = /^(.*?)(?:\.layer\.(.+?))?(?:\.seed\.(\d{1,8}))?$/

const KINDS: ReadonlyMap<string, ForeignKind> = new Map([
  ['telemetry', 'telemetry'],
  ['event', 'event'],
  ['alert', 'alert'],
  ['coordination', 'coordination'],
  ['heartbeat', 'presence'],
  ['service', 'presence'],
  ['control', 'command'],
])

function kindOf(head: string): ForeignKind {
  return head === 'control.ack' ? 'ack' : (KINDS.get(head.split('.', 1)[0] ?? '') ?? 'other')
}

/** Reads a topic's name. Never throws. */
export function parseForeignTopic(topic: string): ForeignTopic {
  const rest = topic.startsWith(FOREIGN_PREFIX) ? topic.slice(FOREIGN_PREFIX.length) : topic
  const [, head = '', nativeLayer, seed] = SCOPE.exec(rest) ?? []
  return {
    kind: kindOf(head),
    nativeLayer: nativeLayer ?? null,
    layer: toLayerId(nativeLayer),
    seed: seed === undefined ? null : Number(seed),
  }
}
