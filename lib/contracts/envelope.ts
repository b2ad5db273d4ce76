/*
 * The base of every JSON message on the bus, the closed list of message names, and the bounded building blocks of payloads.
 * In: zod. Out: BaseMessage, its version rule, MESSAGE_NAMES, bounded records and metric maps.
 * Invariant: unknown fields are kept (additive change is a minor version); unknown types are counted and stored raw, never
 * dropped; no array or record of a message is unbounded.
 * Source: seed-design.md 2.1; docs/protocol.md "messages".
 */
import { z } from 'zod'
import { LogText, Prose, UnixSeconds, WireId } from './ids.ts'

/** Names the version this product writes. "1.0" is the design document's and stays readable. */
export const MESSAGE_VERSION = '2.0'

/** Lists every JSON message type of the bus contract. */
export const MESSAGE_NAMES = [
  'LayerHealthReport',
  'SeedMetricsSnapshot',
  'TelemetryBatch',
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'BatchCommand',
  'CheckpointCommand',
  'EmergencyStopCommand',
  'Resume',
  'NoOp',
  'CommandResult',
  'CommandOutcome',
  'StateTransitionEvent',
  'PerformanceAlert',
  'CheckpointEvent',
  'BlueprintEvent',
  'CounterfactualReading',
  'FaultEvent',
  'GuardEvent',
  'EvaluationEvent',
  'ServiceAnnouncement',
  'Heartbeat',
  'Lease',
  'CoordinationRequest',
  'CoordinationResponse',
  'RunDescriptor',
] as const
export type MessageName = (typeof MESSAGE_NAMES)[number]

/** Names the packed entry whose data is wire frames, not JSON. */
export const FRAMES_TYPE = 'TelemetryFrames'

/** Bounds that hold inside every message; the entry and inflated sizes are bounded before, by the codec. */
export const MESSAGE_LIMITS = Object.freeze({
  metadataKeys: 64,
  freeKeys: 256,
  metricsPerSeed: 128,
  seedsPerReport: 65_536,
  messagesPerBatch: 4_096,
  commandsPerBatch: 256,
  listItems: 256,
})

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Counts keys before any of them is judged: a flood of bad entries must cost one finding, not one each. */
function boundKeys(maxKeys: number) {
  return (value: unknown, context: z.RefinementCtx): void => {
    if (!isRecord(value)) context.addIssue({ code: 'custom', message: 'expected an object' })
    else if (Object.keys(value).length > maxKeys)
      context.addIssue({ code: 'custom', message: `at most ${maxKeys} keys are accepted` })
  }
}

/** Builds a record schema with at most `maxKeys` keys; too many are refused on the record's own path. */
export function boundedRecord<K extends z.core.$ZodRecordKey & z.core.$ZodType<PropertyKey>, V extends z.core.SomeType>(
  key: K,
  value: V,
  maxKeys: number,
): z.ZodType<z.output<z.ZodRecord<K, V>>, z.input<z.ZodRecord<K, V>>> {
  const counted = z.unknown().superRefine(boundKeys(maxKeys)).meta({ type: 'object', maxProperties: maxKeys })
  return counted.pipe(z.record(key, value).meta({ maxProperties: maxKeys }) as never) as never
}

/** Free, bounded data whose shape belongs to its producer. */
export const FreeRecord = boundedRecord(LogText.max(128), z.unknown(), MESSAGE_LIMITS.freeKeys)

export const BaseMessage = z.looseObject({
  message_id: z.uuid(),
  timestamp: UnixSeconds,
  source: LogText.min(1).max(256),
  version: z.string().regex(/^\d{1,3}\.\d{1,3}$/, 'major.minor'),
  message_type: WireId,
  /** The thread this belongs to: the same from an alert over its command and outcome to the transition. */
  correlation_id: LogText.min(1).max(128).nullish(),
  /** What brought this about: the id of a message, or an entry as `topic@entry`. */
  causation_id: LogText.min(1).max(256).nullish(),
  metadata: boundedRecord(LogText.max(128), z.unknown(), MESSAGE_LIMITS.metadataKeys).default({}),
})
export type BaseMessage = z.infer<typeof BaseMessage>

/** An id made by another component: printable, bounded, never a topic segment. */
export const Label = LogText.min(1).max(128)
export const OptionalProse = Prose.default('')
