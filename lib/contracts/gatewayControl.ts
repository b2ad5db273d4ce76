/*
 * The control API of the gateway: what web and command line ask of it over loopback HTTP, and the events it streams back.
 * In: zod. Out: schemas of requests, answers, events and of DATA_DIR/gateway.json.
 * Invariant: every request carries an id made by its caller: the same id again does nothing new and answers the state; a layer that has not
 * confirmed is never told as stopped; times are Unix ms of the gateway's clock.
 * Source: docs/protocol.md "gateway control API"; docs/adr/0008-gateway-process.md.
 */
import { z } from 'zod'
import { Label } from './envelope.ts'
import { Finite, Fraction, LayerId, LogText, Prose, RunId, WireId } from './ids.ts'
import { CommandOutcome } from './outcomes.ts'

const Count = z.int().min(0)
const At = Finite.min(0)
const MaybeAt = At.nullable()
const Path = z.enum(['bus', 'socket'])
export type GatewayPath = z.infer<typeof Path>

/** DATA_DIR/gateway.json, readable by its owner only: where the running gateway is and what it wants to hear. */
export const GatewayFile = z.object({
  version: z.literal(1),
  pid: z.int().min(1),
  gateway_epoch: Count,
  host: LogText.min(1).max(64),
  /** The direct line for layer agents. */
  socket_port: z.int().min(1).max(65_535),
  /** The control API. */
  control_port: z.int().min(1).max(65_535),
  token: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})
export type GatewayFile = z.infer<typeof GatewayFile>

/** A command to be signed: fields of its type without envelope and stamps, which are the gateway's. Stops and resumes have calls of their own. */
export const GatewayOrder = z.object({
  id: z.uuid(),
  command: z.looseObject({
    message_type: z.enum([
      'LifecycleTransitionCommand',
      'BlueprintUpdateCommand',
      'BatchCommand',
      'CheckpointCommand',
      'NoOp',
    ]),
    layer_id: LayerId,
  }),
  /** Newest checkpoint of the audit log: layers become its witnesses. */
  audit_size: Count.nullish(),
  audit_root: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullish(),
})
export type GatewayOrder = z.infer<typeof GatewayOrder>

/** `taken`: here, waiting for its turn. `sent`: the bus has it. The others are the layer's own words. */
const Stage = z.enum(['taken', 'sent', 'received', 'queued', 'started'])
const StageMark = z.object({ stage: Stage, at_ms: At, path: Path.nullable() })

/**
 * `settled`: the one outcome is there. `unknown`: nobody answered in time; an outcome may still come. `undelivered`: it certainly never
 * left and never will.
 */
export const GatewayCommand = z.object({
  id: z.uuid(),
  type: WireId,
  layer_id: LayerId,
  state: z.enum(['taken', 'sent', 'received', 'queued', 'started', 'settled', 'unknown', 'undelivered']),
  /** The layer speaks the v2 dialect: most of its commands never get an answer. */
  foreign: z.boolean(),
  gateway_epoch: Count,
  seq: Count.nullable(),
  stages: z.array(StageMark).max(8),
  outcome: CommandOutcome.nullable(),
  text: Prose,
})
export type GatewayCommand = z.infer<typeof GatewayCommand>

const Scope = z.union([z.literal('all'), z.array(LayerId).min(1).max(4_096)])

export const GatewayStop = z.object({
  id: z.uuid(),
  scope: Scope,
  issued_by: Label,
  reason: Prose.default(''),
})
export type GatewayStop = z.input<typeof GatewayStop>

const StopLayerState = z.object({
  layer_id: LayerId,
  /** `unreachable`: nothing was heard of its agent; it stops when it comes back. `unknown`: a v2 layer, which does not answer. */
  state: z.enum(['waiting', 'sent', 'accepted', 'applied', 'verified', 'unreachable', 'unknown', 'resumed']),
  sent_ms: MaybeAt,
  accepted_ms: MaybeAt,
  applied_ms: MaybeAt,
  /** Two signs of life in a row that say halted, without a transition between. */
  verified_ms: MaybeAt,
  /** Which path brought the first answer. */
  path: Path.nullable(),
  resends: Count,
  /** Sent to applied, of the monotonic clock; null while it is not. */
  took_ms: Finite.min(0).nullable(),
  text: Prose,
})
export type StopLayerState = z.infer<typeof StopLayerState>

export const GatewayStopState = z.object({
  id: z.uuid(),
  stop_epoch: Count,
  scope: Scope,
  issued_by: Label,
  reason: Prose,
  at_ms: At,
  /** `found`: layers said they stand still under a stop nobody here knew of. */
  origin: z.enum(['asked', 'found']),
  /** Layers that have not confirmed come first. */
  layers: z.array(StopLayerState).max(4_096),
  applied: Count,
  missing: Count,
  worst_ms: Finite.min(0).nullable(),
  /** What did not work beside the stop itself, in words. */
  warnings: z.array(Prose).max(8),
  resumed_ms: MaybeAt,
})
export type GatewayStopState = z.infer<typeof GatewayStopState>

export const GatewayResume = z.object({
  id: z.uuid(),
  stop_id: z.uuid(),
  issued_by: Label,
  approved_by: z.array(Label).max(16).default([]),
  reason: Prose.default(''),
  /** How long each wave is watched before the next, ms. */
  hold_ms: z.int().min(0).max(600_000).default(10_000),
  /** Mean health of the resumed layers under which the ramp halts itself. */
  health_floor: Fraction.default(0.2),
})
export type GatewayResume = z.input<typeof GatewayResume>

export const GatewayResumeState = z.object({
  id: z.uuid(),
  stop_id: z.uuid(),
  /** `halted`: health fell under the floor, or a layer did not answer: what was resumed was stopped again. */
  state: z.enum(['running', 'done', 'halted']),
  wave: Count,
  waves: z.array(z.array(LayerId).max(4_096)).max(8),
  resumed: z.array(LayerId).max(4_096),
  health: Fraction.nullable(),
  text: Prose,
})
export type GatewayResumeState = z.infer<typeof GatewayResumeState>

/** Layers that another installation on the same bus stops, and this one can not; the sentence says how many and whose. */
const Elsewhere = z.object({ layers: z.int().min(1), text: Prose })
export type Elsewhere = z.infer<typeof Elsewhere>

const Probe = z.object({ ok: z.boolean(), ms: Finite.min(0).nullable(), at_ms: MaybeAt })
export const GatewayReadiness = z.object({
  at_ms: MaybeAt,
  ready: Count,
  of: Count,
  /** Slowest of the faster paths: what a stop would take now. */
  worst_ms: Finite.min(0).nullable(),
  layers: z.array(z.object({ layer_id: LayerId, bus: Probe, socket: Probe, text: Prose })).max(4_096),
  /** Counted neither in `ready` nor in `of`; null when there are none. */
  elsewhere: Elsewhere.nullable(),
})
export type GatewayReadiness = z.infer<typeof GatewayReadiness>

const LayerPresence = z.object({
  layer_id: LayerId,
  agent_id: Label.nullable(),
  run_id: RunId.nullable(),
  dialect: z.enum(['kasmina', 'v2']),
  socket: z.boolean(),
  heard_ms: MaybeAt,
  halted: z.boolean().nullable(),
  stop_epoch: Count.nullable(),
  lease: z.enum(['ok', 'frozen', 'paused']).nullable(),
  /** Its agent obeys this key and not the one of this gateway; null when it obeys ours, or does not say. */
  other_key: Label.nullable(),
})
export type LayerPresence = z.infer<typeof LayerPresence>

export const GatewayStatus = z.object({
  gateway_epoch: Count,
  stop_epoch: Count,
  started_ms: At,
  /** Why the lease is not renewed; null while it is. */
  unhealthy: Prose.nullable(),
  lease_counter: Count,
  bus: z.enum(['starting', 'up', 'reconnecting', 'down', 'stopped']),
  layers: z.array(LayerPresence).max(4_096),
  /** Layers of other installations: not in `layers`, and not in any stop of this gateway. */
  elsewhere: z.array(LayerPresence).max(4_096),
  /** Stops in force. */
  stops: z.array(GatewayStopState).max(64),
  pending_commands: Count,
})
export type GatewayStatus = z.infer<typeof GatewayStatus>

const Numbered = z.object({ epoch: Count, offset: Count, at_ms: At })

/** One line of `GET /v1/events`: newline-delimited JSON. `(epoch, offset)` is where to resume; `reset` says that something was missed. */
export const GatewayEvent = z.discriminatedUnion('kind', [
  Numbered.extend({ kind: z.literal('reset'), text: Prose }),
  /** Nothing happened for a second: the line lives. */
  Numbered.extend({ kind: z.literal('idle') }),
  Numbered.extend({ kind: z.literal('command'), command: GatewayCommand }),
  /** An answer to a command that this start of the gateway did not send: its issuer may still wait for it. */
  Numbered.extend({ kind: z.literal('outcome'), outcome: CommandOutcome }),
  Numbered.extend({ kind: z.literal('stop'), stop: GatewayStopState }),
  Numbered.extend({ kind: z.literal('resume'), resume: GatewayResumeState }),
  Numbered.extend({ kind: z.literal('readiness'), readiness: GatewayReadiness }),
  Numbered.extend({ kind: z.literal('status'), status: GatewayStatus }),
])
export type GatewayEvent = z.infer<typeof GatewayEvent>
