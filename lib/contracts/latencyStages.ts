/*
 * The stages a message passes on its way from the trainer to the eye, and what is said of each: from where to where, on which clocks.
 * In: nothing. Out: LATENCY_STAGES with their words, LATENCY_TOPICS, the objective of the design document.
 * Invariant: label sets are closed; a stage names its two clocks, and `crosses` where they are not the same one.
 * Source: seed-design.md "success criteria"; docs/performance.md "latency".
 */

export const LATENCY_STAGES = ['produce', 'queue', 'deliver', 'handle', 'total', 'frame', 'paint', 'ack'] as const
export type LatencyStage = (typeof LATENCY_STAGES)[number]

export interface StageWords {
  readonly label: string
  readonly from: string
  readonly to: string
  readonly clocks: string
  /** The ends are read on two clocks that may differ: a value below zero is then skew, and a large floor may be. */
  readonly crosses: boolean
  /** Smallest difference the ends can show, ms. */
  readonly resolutionMs: number
  /** What a reader of its figures must know; empty when nothing. */
  readonly note: string
  /** Why it may not be measured, as an operator needs it. */
  readonly absent: string
}

export const STAGE_WORDS: Readonly<Record<LatencyStage, StageWords>> = Object.freeze({
  produce: {
    label: 'Produce',
    from: 'tick written by the trainer',
    to: 'taken by the publisher',
    clocks: 'one clock: both are threads of this server',
    crosses: false,
    resolutionMs: 0,
    note: '',
    absent: 'only the trainer of this server is measured here; other publishers do not tell when a step ended',
  },
  queue: {
    label: 'Queue',
    from: 'stamped by the publisher',
    to: 'accepted by the bus',
    clocks: "the publisher's clock against the bus server's",
    crosses: true,
    resolutionMs: 1,
    note: '',
    absent: 'no telemetry, event or outcome was merged in this window',
  },
  deliver: {
    label: 'Deliver',
    from: 'accepted by the bus',
    to: 'read by the ingest',
    clocks: "the bus server's clock, corrected by its measured offset, against this server's",
    crosses: true,
    resolutionMs: 1,
    note: '',
    absent: 'no telemetry, event or outcome was merged in this window',
  },
  handle: {
    label: 'Handle',
    from: 'read by the ingest',
    to: 'merged into the columns',
    clocks: 'one clock: the ingest',
    crosses: false,
    resolutionMs: 0,
    note: '',
    absent: 'no telemetry, event or outcome was merged in this window',
  },
  total: {
    label: 'Published to merged',
    from: 'stamped by the publisher',
    to: 'merged into the columns',
    clocks: "the publisher's clock against this server's",
    crosses: true,
    resolutionMs: 0,
    note: '',
    absent: 'no telemetry, event or outcome was merged in this window',
  },
  frame: {
    label: 'Frame',
    from: 'merged into the columns',
    to: 'frame written to the viewers',
    clocks: 'one clock: both are threads of this server',
    crosses: false,
    resolutionMs: 0,
    note: 'It includes the wait for the pace the viewers asked for, up to 50 ms at 20 pictures a second; views of fewer than 5, such as hidden tabs, are left out.',
    absent: 'nobody looked at a page that draws frames in this window',
  },
  paint: {
    label: 'Paint',
    from: 'frame written to the viewers',
    to: 'drawn in a browser',
    clocks: "this server's clock against each browser's, corrected by its measured offset",
    crosses: true,
    resolutionMs: 0.1,
    note: 'Drawn means on the canvas; the screen shows it up to one refresh later.',
    absent: 'no visible page drew frames in this window',
  },
  ack: {
    label: 'Acknowledge',
    from: 'command issued',
    to: 'outcome accepted by the bus',
    clocks: "the issuer's clock against the bus server's",
    crosses: true,
    resolutionMs: 1,
    note: 'Commands wait for the end of the tick they arrive in.',
    absent: 'no command was answered in this window, or its issue time is not told',
  },
})

/** Stages whose mean times add up to the way of one message; `total` sums three of them, `ack` is another way. */
export const WAY_STAGES = ['produce', 'queue', 'deliver', 'handle', 'frame', 'paint'] as const satisfies LatencyStage[]

export const LATENCY_TOPICS = ['telemetry', 'reports', 'events', 'acks', 'foreign', 'view'] as const
export type LatencyTopic = (typeof LATENCY_TOPICS)[number]
export const TOPIC_WORDS: Readonly<Record<LatencyTopic, string>> = Object.freeze({
  telemetry: 'Packed telemetry',
  reports: 'JSON reports',
  events: 'Events',
  acks: 'Outcomes',
  foreign: 'Foreign streams',
  view: 'Frames to viewers',
})

/** Sorts a topic of the bus into its class. */
export function latencyTopicOf(topic: string): LatencyTopic {
  if (topic.startsWith('kasmina.telemetry.shard.')) return 'telemetry'
  if (topic.startsWith('kasmina.telemetry.')) return 'reports'
  if (topic.startsWith('kasmina.ack.')) return 'acks'
  if (topic.startsWith('kasmina.')) return 'events'
  return 'foreign'
}

/** "Message latency p99 < 10 ms": of 100 messages at most one may take longer from publisher to columns. */
export const LATENCY_OBJECTIVE = Object.freeze({ stage: 'total', targetMs: 10, share: 0.99 } as const)
/** Windows over which the budget's burn is told, seconds. */
export const BURN_WINDOWS_S = [60, 300, 900] as const
