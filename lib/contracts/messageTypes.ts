/*
 * The registry of message types: name to schema, readable versions and the topic families it may travel on; and the one parser.
 * In: a parsed JSON value and what is known of its entry. Out: a valid message in the shape of the newest version, or a refusal.
 * Invariant: same major is accepted with unknown fields kept; an older major goes through its upcast; a newer one is refused.
 * Source: docs/protocol.md "versions"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { z } from 'zod'
import { AppError } from './appError.ts'
import { BatchCommand, BlueprintUpdateCommand, EmergencyStopCommand } from './commands.ts'
import { CheckpointCommand, LifecycleTransitionCommand, NoOp, Resume } from './commands.ts'
import { CoordinationRequest, CoordinationResponse, Heartbeat, Lease, ServiceAnnouncement } from './control.ts'
import { MESSAGE_NAMES, type MessageName } from './envelope.ts'
import { BlueprintEvent, CheckpointEvent, CounterfactualReading, EvaluationEvent } from './events.ts'
import { FaultEvent, GuardEvent, PerformanceAlert, StateTransitionEvent } from './events.ts'
import { CommandOutcome, CommandResult } from './outcomes.ts'
import { pathText } from './pathText.ts'
import { RunDescriptor } from './runDescriptor.ts'
import { LayerHealthReport, SeedMetricsSnapshot, TelemetryBatch } from './telemetry.ts'
import { TOPIC_FAMILIES, TOPICS, type TopicFamily } from './topics.ts'
import { type UpcastContext, upcastFromV1 } from './upcast.ts'

const SCHEMAS = {
  LayerHealthReport,
  SeedMetricsSnapshot,
  TelemetryBatch,
  LifecycleTransitionCommand,
  BlueprintUpdateCommand,
  BatchCommand,
  CheckpointCommand,
  EmergencyStopCommand,
  Resume,
  NoOp,
  CommandResult,
  CommandOutcome,
  StateTransitionEvent,
  PerformanceAlert,
  CheckpointEvent,
  BlueprintEvent,
  CounterfactualReading,
  FaultEvent,
  GuardEvent,
  EvaluationEvent,
  ServiceAnnouncement,
  Heartbeat,
  Lease,
  CoordinationRequest,
  CoordinationResponse,
  RunDescriptor,
} as const satisfies Record<MessageName, z.ZodType>

/** The message of a type as a reader gets it: every default filled. */
export type MessageOf<N extends MessageName> = z.infer<(typeof SCHEMAS)[N]>
/** The message of a type as a writer may give it: defaults may be left out. */
export type MessageInput<N extends MessageName> = z.input<(typeof SCHEMAS)[N]>
export type AnyMessage = { [N in MessageName]: MessageOf<N> }[MessageName]
export type AnyMessageInput = { [N in MessageName]: MessageInput<N> }[MessageName]

/** Types that only exist since 2.0: no publisher of an older major can have sent them. */
const NEW_IN_2: ReadonlySet<string> = new Set<MessageName>([
  'CheckpointCommand',
  'Resume',
  'NoOp',
  'CommandOutcome',
  'CounterfactualReading',
  'FaultEvent',
  'GuardEvent',
  'EvaluationEvent',
  'Lease',
  'RunDescriptor',
])

export interface MessageTypeEntry<N extends MessageName = MessageName> {
  readonly name: N
  readonly schema: (typeof SCHEMAS)[N]
  /** Majors that can be read; the last is the one written. */
  readonly majors: readonly number[]
  readonly families: readonly TopicFamily[]
}

const familiesOf = (name: MessageName): readonly TopicFamily[] =>
  TOPIC_FAMILIES.filter((family) => (TOPICS[family].types as readonly string[]).includes(name))

export const MESSAGE_TYPES = Object.freeze(
  Object.fromEntries(
    MESSAGE_NAMES.map((name) => [
      name,
      Object.freeze({
        name,
        schema: SCHEMAS[name],
        majors: NEW_IN_2.has(name) ? [2] : [1, 2],
        families: familiesOf(name),
      }),
    ]),
  ),
) as unknown as { readonly [N in MessageName]: MessageTypeEntry<N> }

/** Tells whether the name is one of the contract's; safe for any text. */
export function isMessageName(name: unknown): name is MessageName {
  return typeof name === 'string' && Object.hasOwn(MESSAGE_TYPES, name)
}

export interface ParsedMessage {
  readonly type: MessageName
  /** The version that was on the wire; the message itself is in the newest shape. */
  readonly version: string
  readonly message: AnyMessage
}

const VERSION = /^(\d{1,3})\.\d{1,3}$/
function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses by the first finding, and names the message when it can be named, so that its sender gets an answer. */
function refusal(type: MessageName, raw: Record<string, unknown>, error: z.ZodError): AppError {
  const issue = error.issues[0]
  const path = pathText(issue?.path ?? [])
  const id = raw['message_id']
  return new AppError('CONTRACT_INVALID', `${type}${path === '' ? '' : ` ${path}`}: ${issue?.message ?? 'invalid'}`, {
    path,
    type,
    ...(typeof id === 'string' && id.length <= 128 ? { messageId: id } : {}),
  })
}

function majorOf(type: MessageName, raw: Record<string, unknown>): { version: string; major: number } {
  const version = raw['version'] ?? '1.0'
  const match = typeof version === 'string' ? VERSION.exec(version) : null
  if (match === null || typeof version !== 'string')
    throw new AppError('CONTRACT_INVALID', `${type} version: not of the form major.minor`, { path: 'version', type })
  return { version, major: Number(match[1]) }
}

/**
 * Turns a parsed JSON value into a message of the newest version, upcasting older majors. Unknown fields are kept.
 * @throws CONTRACT_TYPE, CONTRACT_VERSION, CONTRACT_INVALID (with `path`; with `messageId` when the value has one).
 */
export function parseMessage(type: string, value: unknown, context: UpcastContext): ParsedMessage {
  if (!isMessageName(type))
    throw new AppError('CONTRACT_TYPE', `the type ${JSON.stringify(pathText([type]))} is unknown`, { path: 'type' })
  if (!isPlainObject(value))
    throw new AppError('CONTRACT_INVALID', `${type}: a message is a JSON object`, { path: '', type })
  const entry = MESSAGE_TYPES[type]
  const { version, major } = majorOf(type, value)
  if (!entry.majors.includes(major))
    throw new AppError('CONTRACT_VERSION', `${type} ${version} can not be read`, { path: 'version', type })
  const current = major === 1 ? upcastFromV1(type, value, context) : value
  const result = (entry.schema as z.ZodType<AnyMessage>).safeParse(current)
  if (!result.success) throw refusal(type, value, result.error)
  return { type, version, message: result.data }
}
