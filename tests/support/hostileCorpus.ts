/*
 * hostileCorpus: entries that must not hurt: over every bound, every message type and every field of the bus contract.
 * In: the golden fixtures as honest originals. Out: hostileCorpus(), toDelivery().
 * Invariant: each entry names the one reason it is refused for, or is accepted; nothing else may happen.
 * Source: docs/protocol.md "bounds", "errors"; reliability goal "hostile inputs accepted or fatal: 0".
 */
import { isEncoding } from '../../lib/bus/entryBounds.ts'
import type { EntryToDecode } from '../../lib/bus/codec.ts'
import type { Encoding } from '../../lib/bus/messageBus.ts'
import { MESSAGE_NAMES } from '../../lib/contracts/envelope.ts'
import { bytesOf, entryOf, type HostileEntry, honest, spoilt } from './hostileEntry.ts'
import { hostileFrames } from './hostileFrames.ts'
import { hostileSizes } from './hostileSizes.ts'

export type { HostileEntry } from './hostileEntry.ts'

/** A value of another JSON kind than the honest one. */
function wrongKind(value: unknown): unknown {
  if (typeof value === 'string') return 7
  return value === null ? [] : 'wrong kind'
}

/** Every field of every message type, one at a time, holding a value of the wrong kind; and one field too few. */
function wrongTypes(): HostileEntry[] {
  return MESSAGE_NAMES.flatMap((type) => {
    const message = honest(type)
    const perField = Object.keys(message).map((field) =>
      entryOf(`${type}.${field} of the wrong kind`, type, spoilt(type, { [field]: wrongKind(message[field]) })),
    )
    const { message_id: _id, ...withoutId } = message
    return [
      ...perField,
      entryOf(`${type} without message_id`, type, bytesOf(JSON.stringify(withoutId))),
      entryOf(`${type} of major 3`, type, spoilt(type, { version: '3.0' }), { expectReason: 'CONTRACT_VERSION' }),
      entryOf(`${type} is null`, type, bytesOf('null')),
      entryOf(`${type} claims to be another type`, type, spoilt(type, { message_type: 'Mystery' })),
    ]
  })
}

const IDS: readonly (readonly [string, string])[] = [
  ['right-to-left override', 'layer_\u202e0'],
  ['zero-width space', 'layer\u200b_0'],
  ['byte order mark', '\ufefflayer_0'],
  ['null character', 'layer_0\u0000'],
  ['line feed', 'layer_0\nERROR forged'],
  ['script tag', '<script>alert(1)</script>'],
  ['path', '../../etc/passwd'],
  ['dot', 'layer.0'],
  ['wildcard', '+'],
  ['hash', '#'],
  ['empty', ''],
  ['129 characters', 'x'.repeat(129)],
  ['200 KB', 'x'.repeat(200_000)],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['prototype', 'prototype'],
  ['lone surrogate', '\ud800'],
  ['Redis command', 'a\r\nFLUSHALL\r\n'],
]

const command = (): string => JSON.stringify(honest('LifecycleTransitionCommand'))
const report = (): string => JSON.stringify(honest('LayerHealthReport'))
/** Puts raw JSON text into the metadata of an honest heartbeat. */
const withMetadata = (raw: string): Uint8Array => {
  const { metadata: _dropped, ...rest } = honest('Heartbeat')
  return bytesOf(`${JSON.stringify(rest).slice(0, -1)},"metadata":${raw}}`)
}
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const withReading = (raw: string): Uint8Array => bytesOf(report().replace('0.96', raw))

function ids(): HostileEntry[] {
  return IDS.flatMap(([name, id]) => [
    entryOf(`layer id: ${name}`, 'LifecycleTransitionCommand', spoilt('LifecycleTransitionCommand', { layer_id: id })),
    entryOf(`topic id: ${name}`, 'StateTransitionEvent', spoilt('StateTransitionEvent', {}), {
      topic: `kasmina.event.layer.${id}`,
      expectReason: 'CONTRACT_TOPIC',
    }),
  ])
}

function json(): HostileEntry[] {
  const beat = (name: string, data: Uint8Array, expectReason: HostileEntry['expectReason']): HostileEntry =>
    entryOf(`json: ${name}`, 'Heartbeat', data, { expectReason })
  const hostileKeys = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__', '__proto\\u005f_']
  return [
    beat('empty', new Uint8Array(0), 'CONTRACT_JSON'),
    beat('white space', bytesOf('   '), 'CONTRACT_JSON'),
    beat('cut', bytesOf(JSON.stringify(honest('Heartbeat')).slice(0, -1)), 'CONTRACT_JSON'),
    beat('trailing comma', bytesOf('{"a":1,}'), 'CONTRACT_JSON'),
    beat('single quotes', bytesOf("{'a':1}"), 'CONTRACT_JSON'),
    beat('two documents', bytesOf('{}{}'), 'CONTRACT_JSON'),
    beat('open string', bytesOf('{"a":"'), 'CONTRACT_JSON'),
    beat('string ends in a backslash', bytesOf('"\\'), 'CONTRACT_JSON'),
    beat('leading zero', bytesOf('{"a":01}'), 'CONTRACT_JSON'),
    beat('bare word', bytesOf('{"a":undefined}'), 'CONTRACT_JSON'),
    beat('half a bare word', bytesOf('{"a":Na}'), 'CONTRACT_JSON'),
    beat('raw control character', bytesOf('{"a":"\u0001"}'), 'CONTRACT_JSON'),
    beat('bad escape', bytesOf('{"a\\x":1,"b":NaN}'), 'CONTRACT_JSON'),
    beat('byte order mark', bytesOf('\ufeff{}'), 'CONTRACT_JSON'),
    beat('pickled Python', Uint8Array.of(0x80, 4, 0x95, 0, 0), 'CONTRACT_JSON'),
    beat('invalid UTF-8', new Uint8Array(Buffer.from('{"a":"\xff\xfe"}', 'latin1')), 'CONTRACT_JSON'),
    beat('overlong UTF-8', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 'CONTRACT_JSON'),
    beat('UTF-8 surrogate', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'CONTRACT_JSON'),
    beat('UTF-16', new Uint8Array(Buffer.from('{}', 'utf16le')), 'CONTRACT_JSON'),
    beat('depth 31 inside', withMetadata(`{"a":${nested(30)}}`), 'accepted'),
    beat('depth 33', withMetadata(`{"a":${nested(31)}}`), 'CONTRACT_DEPTH'),
    beat('depth 200,000', bytesOf(nested(200_000)), 'CONTRACT_DEPTH'),
    beat('depth 200,000 never closed', bytesOf('{"a":'.repeat(200_000)), 'CONTRACT_DEPTH'),
    beat('brackets inside a string', withMetadata(`{"a":"${'['.repeat(1_000)}"}`), 'accepted'),
    beat('500,000 values', bytesOf(`[${'0,'.repeat(499_999)}0]`), 'CONTRACT_TOO_LARGE'),
    beat(
      '65 metadata keys',
      withMetadata(JSON.stringify(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])))),
      'CONTRACT_INVALID',
    ),
    beat('metadata key of 129 characters', withMetadata(`{"${'k'.repeat(129)}":1}`), 'CONTRACT_INVALID'),
    beat('key twice in telemetry', withMetadata('{"a":1,"a":2}'), 'accepted'),
    beat('unicode text', withMetadata('{"a":"naïve 🌱 日本"}'), 'accepted'),
    beat('reserved name as a value', withMetadata('{"a":"__proto__"}'), 'accepted'),
    ...hostileKeys.flatMap((key) => [
      beat(`key ${key}`, withMetadata(`{"${key}":{"polluted":true}}`), 'CONTRACT_HOSTILE_KEY'),
      beat(`key ${key}, deep`, withMetadata(`{"a":[{"b":{"${key}":{"polluted":true}}}]}`), 'CONTRACT_HOSTILE_KEY'),
    ]),
    entryOf(
      'json: key twice in a command',
      'LifecycleTransitionCommand',
      bytesOf(command().replace('{', '{"seed_id":2,')),
    ),
    entryOf(
      'json: key twice, once escaped',
      'LifecycleTransitionCommand',
      bytesOf(command().replace('{', '{"seed\\u005fid":2,')),
    ),
  ]
}

function numbers(): HostileEntry[] {
  const reading = (name: string, raw: string, expectReason: HostileEntry['expectReason']): HostileEntry =>
    entryOf(`number: ${name}`, 'LayerHealthReport', withReading(raw), { expectReason })
  const accepted = ['NaN', 'Infinity', '-Infinity', '1e400', '-1e400', '-0', '9007199254740993', '1e-400', '5e-324']
  const refused = ['"NaN"', 'true', '[]', '{}', '"1"']
  return [
    ...accepted.map((raw) => reading(raw, raw, 'accepted')),
    ...refused.map((raw) => reading(`${raw} as a reading`, raw, 'CONTRACT_INVALID')),
    ...['+1', '.5', '1.', '0x10', '1_000', 'nan', 'inf', '--1', '1e', 'NaN1'].map((raw) =>
      reading(raw, raw, 'CONTRACT_JSON'),
    ),
    entryOf(
      'number: seed id 2^53+1',
      'LifecycleTransitionCommand',
      bytesOf(command().replace('"seed_id":1', '"seed_id":9007199254740993')),
    ),
    ...[-1, 1.5, 1e300, 16_777_216].map((seed) =>
      entryOf(
        `number: seed id ${seed}`,
        'LifecycleTransitionCommand',
        spoilt('LifecycleTransitionCommand', { seed_id: seed }),
      ),
    ),
    entryOf(
      'number: seed id NaN',
      'LifecycleTransitionCommand',
      bytesOf(command().replace('"seed_id":1', '"seed_id":NaN')),
    ),
    ...[0, -5, 3_600_001, 1e9].map((ttl) => entryOf(`number: ttl ${ttl}`, 'NoOp', spoilt('NoOp', { ttl_ms: ttl }))),
    ...[-1, 1.7e12, null].map((at) =>
      entryOf(`number: timestamp ${at}`, 'Heartbeat', spoilt('Heartbeat', { timestamp: at })),
    ),
    entryOf(
      'number: timestamp NaN',
      'Heartbeat',
      bytesOf(JSON.stringify(honest('Heartbeat')).replace(/"timestamp":[\d.]+/, '"timestamp":NaN')),
    ),
  ]
}

function doors(): HostileEntry[] {
  const beat = spoilt('Heartbeat', {})
  const typed = (type: string): HostileEntry =>
    entryOf(`type ${JSON.stringify(type).slice(0, 40)}`, type, beat, {
      topic: 'kasmina.service',
      expectReason: 'CONTRACT_TYPE',
    })
  const topics = [
    'kasmina',
    'kasmina.',
    '.kasmina.run',
    'kasmina.run.x',
    'kasmina.nowhere',
    'other.topic',
    'kasmina.telemetry.layer.a.b.health',
    'kasmina..service',
    '',
  ]
  return [
    ...['Mystery', 'heartbeat', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '<b>', 'x'.repeat(120)].map(
      typed,
    ),
    ...topics.map((topic) =>
      entryOf(`topic ${JSON.stringify(topic)}`, 'Heartbeat', beat, { topic, expectReason: 'CONTRACT_TOPIC' }),
    ),
    entryOf('command on an event topic', 'LifecycleTransitionCommand', bytesOf(command()), {
      topic: 'kasmina.event.layer.layer_0',
      expectReason: 'CONTRACT_TOPIC',
    }),
    entryOf('transition for all layers', 'LifecycleTransitionCommand', bytesOf(command()), {
      topic: 'kasmina.control.all',
      expectReason: 'CONTRACT_TOPIC',
    }),
    entryOf('no type outside or inside', '', bytesOf('{}'), {
      topic: 'kasmina.service',
      expectReason: 'CONTRACT_TYPE',
    }),
  ]
}

/** Builds the whole corpus; entries are independent of each other and safe to send in any order. */
export function hostileCorpus(): readonly HostileEntry[] {
  return [...hostileFrames(), ...wrongTypes(), ...ids(), ...json(), ...numbers(), ...hostileSizes(), ...doors()]
}

const COUNTER = /^\d{1,16}$/
const MAX_SRC_CHARS = 256

/** Reads the fields the way a driver does: what is not readable is absent, the codec decides whether that matters. */
export function toDelivery(entry: HostileEntry): EntryToDecode {
  const text = (name: string): string => {
    const field = entry.fields[name] ?? ''
    return typeof field === 'string' ? field : new TextDecoder().decode(field)
  }
  const count = (name: 'epoch' | 'seq'): Record<string, number> => {
    const value = COUNTER.test(text(name)) ? Number(text(name)) : -1
    return Number.isSafeInteger(value) && value >= 0 ? { [name]: value } : {}
  }
  const data = entry.fields['data'] ?? ''
  return {
    topic: entry.topic,
    type: text('type'),
    data: typeof data === 'string' ? bytesOf(data) : data,
    cursor: '1769500800000-0',
    acceptedAtMs: 1_769_500_800_000,
    ...(text('enc') === ''
      ? {}
      : { enc: isEncoding(text('enc')) ? (text('enc') as Encoding) : ('unknown' as Encoding) }),
    ...(text('src') === '' || text('src').length > MAX_SRC_CHARS ? {} : { src: text('src') }),
    ...count('epoch'),
    ...count('seq'),
  }
}
