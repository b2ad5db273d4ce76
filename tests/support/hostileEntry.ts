/*
 * hostileEntry: what one entry of the hostile corpus is, and how it is made from an honest message.
 * In: golden fixtures. Out: HostileEntry and its makers.
 * Invariant: an entry differs from an honest one in exactly the thing its name says.
 * Source: docs/protocol.md "bounds".
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MESSAGE_NAMES, type MessageName } from '../../lib/contracts/envelope.ts'
import type { ErrorCode } from '../../lib/contracts/errorCatalog.ts'
import { MESSAGE_TYPES } from '../../lib/contracts/messageTypes.ts'
import { topicName, TOPICS } from '../../lib/contracts/topics.ts'
import { GOLDEN_ROOT, listFixtures } from '../contracts/goldenFixtures.ts'

export interface HostileEntry {
  readonly name: string
  readonly topic: string
  /** Entry fields as they stand in Redis. */
  readonly fields: Readonly<Record<string, Uint8Array | string>>
  /** What the codec says. */
  readonly expectReason: ErrorCode | 'accepted'
  /** What the whole server says, where it knows more than the codec: a frame of a run nobody described. */
  readonly serverReason?: ErrorCode
}

export type Json = Record<string, unknown>

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))

const topicOf = (type: MessageName): string => {
  const family = MESSAGE_TYPES[type].families[0] ?? 'run'
  return topicName(family, TOPICS[family].pattern.includes('{') ? 'layer_0' : undefined)
}

/** The first golden fixture of a type in version 2.0: an honest message to spoil. */
export function honest(type: MessageName): Json {
  const first = listFixtures().find((fixture) => fixture.type === type && fixture.version === '2.0')
  if (first === undefined) throw new Error(`no fixture of ${type}`)
  return JSON.parse(readFileSync(join(GOLDEN_ROOT, `${first.key}.json`), 'utf8')) as Json
}

export function entryOf(
  name: string,
  type: string,
  data: Uint8Array,
  rest: Partial<HostileEntry> = {},
  enc = 'json',
): HostileEntry {
  const topic = (MESSAGE_NAMES as readonly string[]).includes(type) ? topicOf(type as MessageName) : 'kasmina.run'
  const { fields = {}, ...more } = rest
  return { name, topic, fields: { type, enc, data, ...fields }, expectReason: 'CONTRACT_INVALID', ...more }
}

export const spoilt = (type: MessageName, change: Json): Uint8Array =>
  bytesOf(JSON.stringify({ ...honest(type), ...change }))
