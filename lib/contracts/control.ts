/*
 * Presence and coordination: who is there, whether they are well, who holds what.
 * In: zod. Out: ServiceAnnouncement, Heartbeat, Lease, CoordinationRequest, CoordinationResponse.
 * Invariant: a goodbye is said (state leaving); silence is never taken for health.
 * Source: seed-design.md 3.1; docs/protocol.md "services".
 */
import { z } from 'zod'
import { BaseMessage, boundedRecord, FreeRecord, Label, MESSAGE_LIMITS } from './envelope.ts'
import { Finite, Fraction, LayerId, LogText, RunId } from './ids.ts'
import { MetricMap } from './metricMap.ts'

const Counter = z.int().min(0)
/** Key ids of the gateways whose commands this service obeys; absent: it does not say. */
const GatewayKeys = z
  .array(z.string().regex(/^[0-9a-f]{16}$/))
  .max(16)
  .nullish()

export const LeaseState = z.enum(['ok', 'frozen', 'paused'])
export type LeaseState = z.infer<typeof LeaseState>

export const ServiceAnnouncement = BaseMessage.extend({
  message_type: z.literal('ServiceAnnouncement'),
  service_type: Label,
  service_id: Label,
  capabilities: z.array(Label).max(MESSAGE_LIMITS.listItems).default([]),
  endpoints: boundedRecord(Label, LogText.max(512), 32).default({}),
  health_check_endpoint: LogText.max(512).nullish(),
  /** `leaving` is the goodbye: everything this service published is silent from now on. */
  state: z.enum(['up', 'leaving']).default('up'),
  epoch: Counter.nullish(),
  run_id: RunId.nullish(),
  layers: z.array(LayerId).max(4_096).nullish(),
  gateway_keys: GatewayKeys,
})
export type ServiceAnnouncement = z.infer<typeof ServiceAnnouncement>

export const Heartbeat = BaseMessage.extend({
  message_type: z.literal('Heartbeat'),
  service_id: Label,
  uptime_seconds: Finite.min(0),
  metrics: MetricMap.default({}),
  status: z.enum(['healthy', 'degraded', 'unhealthy']).default('healthy'),
  load: MetricMap.default({}),
  /** Share of time the service works, 0..1. */
  busy_fraction: Fraction.nullish(),
  halted: z.boolean().nullish(),
  /** Layers that stand still under an emergency stop; all of them when the run is halted. */
  halted_layers: z.array(LayerId).max(4_096).nullish(),
  /** The newest stop this service knows of. */
  stop_epoch: Counter.nullish(),
  /** What the gateway's lease allows: everything, no structural change, no step. Absent: no lease is asked for. */
  lease: LeaseState.nullish(),
  /** Since the last renewal was heard, ms of the service's own monotonic clock. */
  lease_age_ms: Finite.min(0).nullish(),
  /** How far behind its input the service is, ms. */
  lag_ms: Finite.min(0).nullish(),
  epoch: Counter.nullish(),
  run_id: RunId.nullish(),
  gateway_keys: GatewayKeys,
})
export type Heartbeat = z.infer<typeof Heartbeat>

/** Says who may act for a resource and until when, counted from acceptance by the bus. */
export const Lease = BaseMessage.extend({
  message_type: z.literal('Lease'),
  resource_id: Label,
  holder_id: Label,
  /** Grows with every new holder; a smaller one is void. */
  epoch: Counter,
  ttl_ms: z.int().min(1).max(3_600_000),
  state: z.enum(['granted', 'renewed', 'released']),
  /** Which start of the gateway this comes from, and which renewal of that start: an older one renews nothing. */
  gateway_epoch: Counter.nullish(),
  counter: Counter.nullish(),
})
export type Lease = z.infer<typeof Lease>

export const CoordinationRequest = BaseMessage.extend({
  message_type: z.literal('CoordinationRequest'),
  /** lock, election, barrier. */
  operation: Label,
  resource_id: Label,
  requester_id: Label,
  timeout_ms: z.int().min(1).max(3_600_000).default(10_000),
  parameters: FreeRecord.default({}),
})
export type CoordinationRequest = z.infer<typeof CoordinationRequest>

export const CoordinationResponse = BaseMessage.extend({
  message_type: z.literal('CoordinationResponse'),
  request_id: Label,
  granted: z.boolean(),
  holder_id: Label.nullish(),
  wait_time_ms: Counter.nullish(),
  details: FreeRecord.default({}),
})
export type CoordinationResponse = z.infer<typeof CoordinationResponse>
