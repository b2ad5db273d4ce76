/*
 * upcast: lifts messages of version 1.0 into the shape of 2.0, filling what the older publisher did not send.
 * In: a parsed object nobody has validated, and what its entry says. Out: a shallow copy for the 2.0 schema to judge.
 * Invariant: nothing is invented that could pass for a measurement; filled ids are a function of the entry, so a replay gives
 * the same message. Original objects are never changed.
 * Source: seed-design.md 2.1-2.4; docs/protocol.md "versions".
 */
import { stableHash } from '../primitives/stableHash.ts'
import { MESSAGE_VERSION } from './envelope.ts'

/** What the entry around a message says; used where a 1.0 message leaves a base field out. */
export interface UpcastContext {
  readonly topic: string
  readonly cursor: string
  /** Bus-server time of acceptance, Unix ms. */
  readonly acceptedAtMs: number
  readonly src?: string | undefined
}

type Raw = Record<string, unknown>

const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Derives a UUID (version 8: custom) from text: the same entry always yields the same id. */
export function derivedUuid(text: string): string {
  const hex = [0, 1, 2, 3].map((salt) => stableHash(`${salt}|${text}`).toString(16).padStart(8, '0')).join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const text = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** A number where 2.0 has a name: the decimal digits of a whole number, anything else unchanged for the schema to refuse. */
const idAsText = (value: unknown): unknown => (Number.isSafeInteger(value) ? String(value) : value)

/** Older layers say who, not what: only the words that mean the same are mapped, the original is kept beside. */
const TRIGGERS: Readonly<Record<string, string>> = Object.freeze({
  user: 'operator',
  operator: 'operator',
  policy: 'policy',
  guard: 'guard',
  governor: 'governor',
})

function upcastTrigger(raw: Raw): Raw {
  const native = raw['triggered_by']
  if (native === undefined || (typeof native === 'string' && !Object.hasOwn(TRIGGERS, native)))
    return { ...raw, triggered_by: 'unknown', ...(text(native) ? { native_triggered_by: native } : {}) }
  return typeof native === 'string' ? { ...raw, triggered_by: TRIGGERS[native] } : raw
}

/** Fills the sender fields of commands; expiry falls back to the timeout the older sender meant. */
function upcastCommand(raw: Raw): Raw {
  const timeoutMs = raw['timeout_ms']
  return {
    ...raw,
    issued_by: raw['issued_by'] ?? raw['source'],
    ttl_ms: raw['ttl_ms'] ?? (typeof timeoutMs === 'number' ? timeoutMs : 5_000),
  }
}

function upcastList(raw: Raw, key: string, context: UpcastContext): Raw {
  const list = raw[key]
  if (!Array.isArray(list)) return raw
  const lifted = list.map((item: unknown, index) => {
    if (!isRaw(item) || typeof item['message_type'] !== 'string') return item
    const version = item['version'] ?? '1.0'
    if (typeof version !== 'string' || !version.startsWith('1.')) return item
    return upcastFromV1(item['message_type'], item, { ...context, cursor: `${context.cursor}/${index}` })
  })
  return { ...raw, [key]: lifted }
}

function upcastBody(type: string, raw: Raw, context: UpcastContext): Raw {
  switch (type) {
    case 'TelemetryBatch':
      return upcastList(raw, 'messages', context)
    case 'BatchCommand':
      return upcastCommand(upcastList(raw, 'commands', context))
    case 'SeedMetricsSnapshot':
      return { ...raw, blueprint_id: idAsText(raw['blueprint_id']) }
    case 'LifecycleTransitionCommand':
    case 'EmergencyStopCommand':
      return upcastCommand(raw)
    case 'BlueprintUpdateCommand':
      return upcastCommand({ timeout_ms: 10_000, ...raw, blueprint_id: idAsText(raw['blueprint_id']) })
    case 'StateTransitionEvent':
      return upcastTrigger(raw)
    case 'BlueprintEvent':
      return {
        ...raw,
        blueprint_id: idAsText(raw['blueprint_id']),
        previous_blueprint_id: idAsText(raw['previous_blueprint_id']),
      }
    default:
      return raw
  }
}

/** Lifts one 1.0 message; the result still has to pass the 2.0 schema. Never throws. */
export function upcastFromV1(type: string, raw: Raw, context: UpcastContext): Raw {
  const metadata = isRaw(raw['metadata']) ? raw['metadata'] : {}
  // Results of older layers carry no base field at all; what they answer stands in their metadata.
  const correlation = raw['correlation_id'] ?? metadata['correlation_id']
  const based: Raw = {
    ...raw,
    message_id: raw['message_id'] ?? derivedUuid(`${context.topic}|${context.cursor}`),
    timestamp: raw['timestamp'] ?? context.acceptedAtMs / 1000,
    // An empty source is what the older client writes when it was given none.
    source: (raw['source'] ?? '') === '' ? (context.src ?? context.topic) : raw['source'],
    message_type: raw['message_type'] ?? type,
    version: MESSAGE_VERSION,
    ...(correlation === undefined || correlation === '' ? {} : { correlation_id: correlation }),
  }
  return upcastBody(type, based, context)
}
