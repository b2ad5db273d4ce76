/*
 * liftMessage: one message of the v2 client, put into the words of version 1.0 before the contract judges it.
 * In: a parsed object nobody has validated, its type, its topic. Out: a shallow copy to validate.
 * Invariant: repairs only what has one meaning (spelling of layer and state, windows told backwards, texts cut to their bound);
 * nothing that could pass for a measurement is filled in.
 * Source: docs/protocol.md "the v2 client".
 */
import { SEED_STATES } from '../../contracts/lifecycleTable.ts'
import { type ForeignTopic, toLayerId } from './foreignTopic.ts'

export type Raw = Readonly<Record<string, unknown>>

export const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const STATES: ReadonlySet<unknown> = new Set(SEED_STATES)
const PROSE_CHARS = 2_000
const METRIC_NAME_CHARS = 64

/** Its layers accept names in any case. */
function stateName(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const upper = value.toUpperCase()
  return STATES.has(upper) ? upper : value
}

/** A traceback may be longer than a text for people may be; carriage returns and terminal colours go. */
const prose = (value: unknown): unknown =>
  typeof value === 'string'
    ? value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '').slice(0, PROSE_CHARS)
    : value

/** The producer's clock may be set back inside a window; the two moments are then still the two moments. */
function windowOf(value: unknown): unknown {
  if (!Array.isArray(value) || value.length !== 2) return value
  const [from, to] = value as readonly unknown[]
  return typeof from === 'number' && typeof to === 'number' && from > to ? [to, from] : value
}

function withLayer(raw: Raw, topic: ForeignTopic): Raw {
  const own = raw['layer_id']
  const native = typeof own === 'string' && own !== '' ? own : topic.nativeLayer
  const layerId = toLayerId(native)
  if (layerId === null) return raw
  return { ...raw, layer_id: layerId, ...(layerId === native ? {} : { native_layer_id: native }) }
}

const idText = (value: unknown): unknown =>
  typeof value === 'number' && Number.isFinite(value) ? String(value) : value

/** Puts one message into a shape the contract of version 1.0 reads. Never throws. */
export function liftMessage(type: string, message: Raw, topic: ForeignTopic): Raw {
  switch (type) {
    case 'LayerHealthReport':
      return {
        performance_summary: {},
        ...withLayer(message, topic),
        telemetry_window: windowOf(message['telemetry_window']),
      }
    case 'SeedMetricsSnapshot':
      return {
        ...withLayer(message, topic),
        lifecycle_state: stateName(message['lifecycle_state']),
        blueprint_id: idText(message['blueprint_id']),
      }
    case 'StateTransitionEvent':
      return {
        ...withLayer(message, topic),
        from_state: stateName(message['from_state']),
        to_state: stateName(message['to_state']),
        blueprint_id: idText(message['blueprint_id']),
        reason: prose(message['reason'] ?? ''),
      }
    case 'PerformanceAlert': {
      const metric = message['metric_name']
      return {
        ...withLayer(message, topic),
        recommended_action: prose(message['recommended_action']),
        ...(typeof metric === 'string' ? { metric_name: metric.slice(0, METRIC_NAME_CHARS) } : {}),
      }
    }
    case 'CheckpointEvent':
      return { ...withLayer(message, topic), error: prose(message['error']) }
    case 'BlueprintEvent':
      return {
        ...withLayer(message, topic),
        blueprint_id: idText(message['blueprint_id']),
        previous_blueprint_id: idText(message['previous_blueprint_id']),
      }
    case 'CommandResult':
      return { ...message, error: prose(message['error']) }
    default:
      return message
  }
}
