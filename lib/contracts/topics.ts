/*
 * The topic catalogue: which streams exist, what travels on them, how it is delivered, ordered and kept.
 * In: nothing. Out: TOPICS, topicName, topicPattern, parseTopic.
 * Invariant: every topic this product writes is named here; a segment is a WireId, so no name can carry a wildcard, a dot or a
 * reserved property name.
 * Source: docs/protocol.md "topics"; seed-design.md 3.2.
 */
import { AppError } from './appError.ts'
import { FRAMES_TYPE, type MessageName } from './envelope.ts'
import { WireId } from './ids.ts'

export type DeliveryMode = 'broadcast' | 'shared'
export type LossClass = 'lossless' | 'counted'

export interface TopicFamilyEntry {
  /** Name with its parameters in braces. */
  readonly pattern: string
  readonly types: readonly (MessageName | typeof FRAMES_TYPE | 'DeadLetter' | 'LeylineEvent')[]
  readonly delivery: DeliveryMode
  /** lossless: nothing acknowledged is lost. counted: entries may be dropped, every loss is a counted gap. */
  readonly loss: LossClass
  /** Entries with the same value of this keep their order. */
  readonly orderKey: 'source' | 'layer' | 'installation' | 'command' | 'run' | 'none'
  readonly retention:
    | { readonly kind: 'minid'; readonly fuseEntries: number }
    | { readonly kind: 'maxlen'; readonly entries: number }
    | { readonly kind: 'retained'; readonly entries: number }
  readonly carries: string
}

/** Trimmed behind the slowest group; the fuse only guards memory and raises an alarm when it blows. */
const LOSSLESS = Object.freeze({ kind: 'minid', fuseEntries: 100_000 } as const)

export const TOPICS = Object.freeze({
  telemetryShard: {
    pattern: 'kasmina.telemetry.shard.{shard}',
    types: [FRAMES_TYPE],
    delivery: 'broadcast',
    loss: 'counted',
    orderKey: 'source',
    retention: { kind: 'maxlen', entries: 10_000 },
    carries: 'packed columnar frames of many layers (primary path)',
  },
  telemetryHealth: {
    pattern: 'kasmina.telemetry.layer.{layer}.health',
    types: ['LayerHealthReport', 'TelemetryBatch'],
    delivery: 'broadcast',
    loss: 'counted',
    orderKey: 'layer',
    retention: { kind: 'maxlen', entries: 10_000 },
    carries: 'health of one layer in the JSON form',
  },
  telemetrySeeds: {
    pattern: 'kasmina.telemetry.layer.{layer}.seeds',
    types: ['SeedMetricsSnapshot', 'TelemetryBatch'],
    delivery: 'broadcast',
    loss: 'counted',
    orderKey: 'layer',
    retention: { kind: 'maxlen', entries: 10_000 },
    carries: 'single seeds of one layer in the JSON form, alone or batched',
  },
  controlLayer: {
    pattern: 'kasmina.control.layer.{layer}',
    types: [
      'LifecycleTransitionCommand',
      'BlueprintUpdateCommand',
      'BatchCommand',
      'CheckpointCommand',
      'EmergencyStopCommand',
      'Resume',
      'NoOp',
    ],
    delivery: 'shared',
    loss: 'lossless',
    orderKey: 'layer',
    retention: LOSSLESS,
    carries: "commands to one layer, worked on by the layer's group",
  },
  controlAll: {
    pattern: 'kasmina.control.all',
    types: ['EmergencyStopCommand', 'Resume', 'NoOp'],
    delivery: 'broadcast',
    loss: 'lossless',
    orderKey: 'installation',
    retention: LOSSLESS,
    carries: 'emergency stop and resume for every layer',
  },
  ackLayer: {
    pattern: 'kasmina.ack.layer.{layer}',
    types: ['CommandOutcome', 'CommandResult'],
    delivery: 'broadcast',
    loss: 'lossless',
    orderKey: 'command',
    retention: LOSSLESS,
    carries: 'outcomes of commands, exactly one final one each',
  },
  eventLayer: {
    pattern: 'kasmina.event.layer.{layer}',
    types: [
      'StateTransitionEvent',
      'PerformanceAlert',
      'CheckpointEvent',
      'BlueprintEvent',
      'CounterfactualReading',
      'FaultEvent',
      'GuardEvent',
      'EvaluationEvent',
    ],
    delivery: 'broadcast',
    loss: 'lossless',
    orderKey: 'layer',
    retention: LOSSLESS,
    carries: 'what happened to the seeds of a layer and to the host',
  },
  run: {
    pattern: 'kasmina.run',
    types: ['RunDescriptor'],
    delivery: 'broadcast',
    loss: 'lossless',
    orderKey: 'run',
    retention: { kind: 'retained', entries: 256 },
    carries: 'what a run is; replayed to late joiners',
  },
  service: {
    pattern: 'kasmina.service',
    types: ['ServiceAnnouncement', 'Heartbeat', 'Lease', 'CoordinationRequest', 'CoordinationResponse'],
    delivery: 'broadcast',
    loss: 'counted',
    orderKey: 'source',
    retention: { kind: 'maxlen', entries: 10_000 },
    carries: 'who is there, heartbeats, leases, coordination',
  },
  lease: {
    pattern: 'kasmina.lease',
    types: ['Lease'],
    delivery: 'broadcast',
    loss: 'counted',
    orderKey: 'installation',
    retention: { kind: 'maxlen', entries: 1_000 },
    carries: "the gateway's signed lease, four times a second: without it layers freeze",
  },
  foreignLeyline: {
    pattern: 'kasmina.foreign.leyline',
    types: ['LeylineEvent'],
    delivery: 'broadcast',
    loss: 'counted',
    orderKey: 'source',
    retention: { kind: 'maxlen', entries: 10_000 },
    carries: 'JSON-lines events of the newer generation, as their publisher wrote them',
  },
  dead: {
    pattern: 'kasmina.dead',
    types: ['DeadLetter'],
    delivery: 'shared',
    loss: 'lossless',
    orderKey: 'none',
    retention: LOSSLESS,
    carries: 'entries no consumer could handle, with topic, cursor, reason, failing path and count',
  },
} as const satisfies Record<string, TopicFamilyEntry>)

export type TopicFamily = keyof typeof TOPICS
export const TOPIC_FAMILIES = Object.freeze(Object.keys(TOPICS) as TopicFamily[])

const PARAMETER = /\{(\w+)\}/

/** Names the topic of a family; `id` fills its one parameter. @throws CONTRACT_TOPIC when the id is missing, surplus or not a WireId. */
export function topicName(family: TopicFamily, id?: string | number): string {
  const { pattern } = TOPICS[family]
  const parameter = PARAMETER.exec(pattern)
  if ((parameter === null) !== (id === undefined))
    throw new AppError('CONTRACT_TOPIC', `${pattern} takes ${parameter === null ? 'no' : 'one'} id`, { path: 'topic' })
  if (parameter === null) return pattern
  const segment = String(id)
  if (!WireId.safeParse(segment).success)
    throw new AppError('CONTRACT_TOPIC', `this ${parameter[1]} id can not be a topic segment`, { path: 'topic' })
  return pattern.replace(parameter[0], segment)
}

/** Gives the subscription pattern of a family: `+` in the place of its parameter. */
export function topicPattern(family: TopicFamily): string {
  return TOPICS[family].pattern.replace(PARAMETER, '+')
}

export interface ParsedTopic {
  readonly family: TopicFamily
  /** `layer` or `shard`, when the family has one. */
  readonly params: Readonly<Record<string, string>>
}

const MATCHERS = TOPIC_FAMILIES.map((family) => {
  const { pattern } = TOPICS[family]
  const name = PARAMETER.exec(pattern)?.[1] ?? null
  const [head = '', tail = ''] = pattern.split(PARAMETER).filter((_, i) => i !== 1)
  return { family, name, head, tail }
})

/** Longest topic that is looked at; ours are at most 164 characters. */
const MAX_TOPIC_CHARS = 512

/** Finds family and parameters of a topic of the catalogue; null for every other text. Never throws. */
export function parseTopic(topic: string): ParsedTopic | null {
  if (typeof topic !== 'string' || topic.length > MAX_TOPIC_CHARS) return null
  for (const { family, name, head, tail } of MATCHERS) {
    if (name === null) {
      if (topic === head) return { family, params: {} }
    } else if (topic.startsWith(head) && topic.endsWith(tail) && topic.length > head.length + tail.length) {
      const segment = topic.slice(head.length, topic.length - tail.length)
      if (WireId.safeParse(segment).success) return { family, params: { [name]: segment } }
    }
  }
  return null
}
