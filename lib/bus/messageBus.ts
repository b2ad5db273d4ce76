/*
 * MessageBus: the port every part of the product speaks, and the prose contract that the conformance suite turns into laws.
 * In: bytes with a type and an encoding. Out: deliveries in order per source, acknowledgement by the consumer's return.
 * Invariant: a driver may be slower or faster than the memory driver, never different in meaning.
 * Source: docs/architecture.md "seams", seed-design.md 3.1, docs/adr/0003-redis-streams-semantics.md.
 */
import type { AppError } from '../contracts/appError.ts'

export type Encoding = 'json' | 'json+zlib' | 'json+zstd' | 'columns' | 'columns+zstd'

/** One entry as a publisher hands it over. `data` is owned by the bus until the publish settles: do not reuse the buffer before. */
export interface BusMessage {
  readonly type: string
  /** Absent means foreign: the codec decides by the first bytes. */
  readonly enc?: Encoding
  readonly data: Uint8Array
  /** Publisher identity, its start (monotone per source), contiguous counter: the only dependable gap, duplicate and order detection. */
  readonly src?: string
  readonly epoch?: number
  readonly seq?: number
  /** W3C traceparent. */
  readonly trace?: string
  /** Ed25519 over the exact data bytes; commands, releases, leases only. */
  readonly sig?: string
  readonly key?: string
}

/** One entry as a consumer sees it. `data` may be a view into a larger buffer and is valid until the consumer's promise settles. */
export interface Delivery extends BusMessage {
  readonly topic: string
  /** Cursor of the entry inside its topic: opaque, ordered, usable as `from`. Redis: the stream id. */
  readonly cursor: string
  /** Bus-server time of acceptance, Unix ms. Redis: the stream id's time part. */
  readonly acceptedAtMs: number
  /** 1 on first delivery; grows with every redelivery in shared mode. */
  readonly deliveryCount: number
}

/** Says that entries between two cursors are no longer there. `missing` is null when the driver can not count them. */
export interface TrimGap {
  readonly topic: string
  readonly after: string
  readonly firstAvailable: string
  readonly missing: number | null
}

/**
 * Consumes one delivery. Returning (or resolving) is the acknowledgement; throwing (or rejecting) is a redelivery in shared
 * mode and a counted consumer error in broadcast mode. A synchronous return costs no microtask: hot paths return nothing.
 */
export type Consumer = (delivery: Delivery) => void | Promise<void>

export interface SubscribeOptions {
  /** broadcast: every subscriber sees every entry. shared: exactly one member of `group` at a time works on an entry. */
  readonly mode: 'broadcast' | 'shared'
  /** Required in shared mode: named after a ROLE, never after an instance. */
  readonly group?: string
  /** Consumer name inside the group; default: unique per subscription. */
  readonly member?: string
  /** `earliest` replays what is retained; `latest` starts now; a cursor resumes behind it. Shared groups remember their own place: `from` is where a NEW group starts. */
  readonly from?: string
  /** Where each topic of a wildcard resumes; wins over `from` for the topics it names. */
  readonly cursors?: Readonly<Record<string, string>>
  /** Entries handed to the consumer and not yet settled; default 1 (strict order). */
  readonly maxInFlight?: number
  readonly signal?: AbortSignal
  /** Called when trimming removed entries this subscription had not seen. */
  readonly onGap?: (gap: TrimGap) => void
  /** Called when a wildcard subscription picks up a topic (at the start and later). */
  readonly onTopic?: (topic: string) => void
  /** Called for every failed consumer call and every refused entry; never throws into the driver. */
  readonly onError?: (error: AppError, delivery: Delivery | null) => void
}

/** How far a subscription is behind on one topic. */
export interface TopicLag {
  readonly topic: string
  /** Where reading stands: the last entry handed over (shared mode: to anybody of the group) or where it began; null = before the first. */
  readonly cursor: string | null
  /** Newest entry there ever was when it was looked at; null = none. */
  readonly newest: string | null
  /** Entries accepted and not handed over; null when the driver can not count them. */
  readonly entries: number | null
  /** Bus time between the entry at `cursor` and the newest one; 0 = nothing waits; null when nothing was handed over yet. */
  readonly behindMs: number | null
  /** Entries handed over and not settled (shared mode: by the whole group). */
  readonly unsettled: number
}

/** One group of a topic, whoever its members are. */
export interface GroupState {
  readonly group: string
  readonly members: number
  /** Where reading stands: the last entry handed to anybody of the group or where it began; null = before the first. */
  readonly cursor: string | null
  /** Entries accepted and not handed to the group; null when the driver can not count them. */
  readonly entries: number | null
  /** Entries handed over and not settled. */
  readonly unsettled: number
  /** Bus time of the oldest unsettled entry, Unix ms; null = none is unsettled. */
  readonly oldestMs: number | null
}

export interface Subscription {
  /** Topics this subscription reads now. */
  topics(): readonly string[]
  /** Last settled cursor per topic: what to pass as `cursors` to resume. */
  cursors(): Readonly<Record<string, string>>
  /** How far this subscription is behind, per topic it reads. Costs a question to the server only for topics that may be behind. @throws BUS_UNAVAILABLE, BUS_REFUSED */
  lag(): Promise<readonly TopicLag[]>
  /** Stops taking entries, waits for those in flight (at most deadlineMs), releases timers. Idempotent. */
  stop(deadlineMs?: number): Promise<void>
}

export type ReadResult =
  | { readonly kind: 'entries'; readonly entries: readonly Delivery[]; readonly next: string | null }
  | { readonly kind: 'gap'; readonly gap: TrimGap }

export interface ReadRange {
  /** Exclusive start; absent = the first retained entry. */
  readonly after?: string
  /** Inclusive end; absent = newest. */
  readonly until?: string
  /** At most this many entries; default 1,000. */
  readonly limit?: number
}

export type BusState = 'starting' | 'up' | 'reconnecting' | 'down' | 'stopped'

export interface BusHealth {
  readonly state: BusState
  readonly driver: 'memory' | 'redis' | 'kafka'
  /** Unix ms when the state was entered. */
  readonly sinceMs: number
  /** Last failure in operator words; null when there was none since the state was entered. */
  readonly cause: string | null
  /** Publishes accepted by the caller and not settled. */
  readonly pendingPublishes: number
  readonly published: number
  readonly delivered: number
  readonly redelivered: number
  readonly deadLettered: number
  readonly reconnects: number
}

export interface BusCapabilities {
  /** An acknowledged publish survives the death of the process that holds it. */
  readonly durable: boolean
  /** Other processes see the entries. */
  readonly shared: boolean
  readonly trimming: boolean
  readonly maxEntryBytes: number
}

export interface PublishOptions {
  readonly signal?: AbortSignal
  /** Approximate retention of the topic in entries; lossy-but-counted topics only. */
  readonly maxLen?: number
}

/**
 * Carries messages between parts that do not know each other.
 *
 * - Order: entries of one topic reach a broadcast subscriber in the order they were accepted; per source `(src, epoch, seq)` grows by one.
 * - Loss: what `publish` acknowledged is delivered to every broadcast subscriber that was subscribed, unless it was trimmed, which is reported by `onGap`.
 * - Wildcards: `+` is one segment, a trailing `#` the rest. Resolved against the topic registry; a new topic is found in under one second.
 * - Poison: an entry whose consumer failed `maxDeliveries` times (default 5) goes to `kasmina.dead` with its original topic, cursor, reason and count; its neighbours go on.
 * - Times: `acceptedAtMs` is the bus server's clock, one clock for every consumer.
 *
 * Errors by code: BUS_TOO_LARGE, BUS_STOPPED, BUS_ABORTED, BUS_UNAVAILABLE, BUS_TIMEOUT, BUS_REFUSED, CONTRACT_TOPIC, CONTRACT_INVALID.
 */
export interface MessageBus {
  readonly capabilities: BusCapabilities
  /** Connects; rejects with BUS_UNAVAILABLE when the first connection can not be had before the deadline. All-or-nothing. */
  start(signal?: AbortSignal): Promise<void>
  /** Resolves with the entry's cursor once the driver has accepted the durability it promises. At-least-once: a resend after a lost reply may duplicate; consumers drop by (src, epoch, seq) or id. */
  publish(topic: string, message: BusMessage, options?: PublishOptions): Promise<string>
  subscribe(topic: string, consumer: Consumer, options: SubscribeOptions): Promise<Subscription>
  /** Replays a range; answers `gap` with the first available cursor instead of silently starting later. */
  read(topic: string, range: ReadRange): Promise<ReadResult>
  /** Every topic in the registry, sorted. */
  topics(): Promise<readonly string[]>
  /** The groups of a topic, sorted by name; none when there is no such topic. @throws BUS_UNAVAILABLE, BUS_REFUSED without the right to ask */
  groups(topic: string): Promise<readonly GroupState[]>
  /** The bus server's clock, Unix ms. */
  nowMs(): Promise<number>
  /** Never throws. */
  health(): BusHealth
  /** Calls back on every change of state; returns its undo. */
  onState(listener: (health: BusHealth) => void): () => void
  /** Refuses new work, drains, closes; idempotent; leaves no timer and no socket. */
  stop(deadlineMs?: number): Promise<void>
}
