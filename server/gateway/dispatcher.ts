/*
 * dispatcher: ordinary commands on their way: one queue per layer, highest priority first, stamped in the moment they leave, followed to
 * their one outcome.
 * In: orders, acks. Out: entries on the control topics, command records.
 * Invariant: an id is sent once; seq of a layer is contiguous in the order of the bus; a command never waits for another layer's, and a
 * critical one for nobody but the entry that is leaving; silence becomes unknown, never failed, and a late outcome still settles it.
 * Source: docs/protocol.md "commands"; docs/adr/0008-gateway-process.md.
 */
import { createHash } from 'node:crypto'
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import type { CommandPriority } from '../../lib/contracts/commands.ts'
import type { GatewayCommand, GatewayOrder, GatewayPath } from '../../lib/contracts/gatewayControl.ts'
import { type CommandOutcome, isFinalOutcome } from '../../lib/contracts/outcomes.ts'
import type { BusTime } from '../../lib/commands/expiry.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Entries, SignedEntry } from './entries.ts'
import type { Outgoing } from './outgoing.ts'

export interface Dispatcher {
  /** Takes an order; the same id again answers its state. @throws CONTRACT_INVALID, GUARD_RATE, COMMAND_UNSUPPORTED */
  take(order: GatewayOrder): GatewayCommand
  get(id: string): GatewayCommand | null
  /** Answers true when the outcome belongs to a command of this start. */
  settle(outcome: CommandOutcome, path: GatewayPath): boolean
  /** Turns overdue silence into unknown. */
  sweep(): void
  /** Goes once around the queue and back: proves that commands would leave. */
  pulse(done: () => void): void
  pending(): number
}

export interface DispatcherOptions {
  readonly clock: Clock
  readonly entries: Entries
  readonly outgoing: Outgoing
  readonly gatewayEpoch: number
  readonly newId: () => string
  /** The bus server's clock: what leaves is dated by it. */
  readonly busTime: BusTime
  /** Newest stop whose scope holds the layer. */
  readonly stopEpochOf: (layerId: string) => number
  /** Topics and form for a v2 layer; null for ours. */
  readonly foreign: (entry: SignedEntry, layerId: string) => ForeignRoute | null
  /** Why the layer would not obey this gateway; null when it would. */
  readonly disobeys: (layerId: string) => string | null
  readonly onChange: (command: GatewayCommand) => void
}

export interface ForeignRoute {
  readonly topics: readonly string[]
  readonly message: SignedEntry['message']
}

interface Tracked {
  readonly hash: string
  readonly order: GatewayOrder
  readonly rank: number
  readonly endMs: number
  readonly ttlMs: number
  overdueMs: number
  command: GatewayCommand
}

interface Queue {
  readonly waiting: Tracked[]
  busy: boolean
  seq: number
}

const RANKS: { readonly [P in CommandPriority]: number } = { critical: 0, high: 1, normal: 2, low: 3 }
const MAX_WAITING = 4_096
const KEPT = 20_000
/** An answer travels through the same bus: it may take as long as a short outage. */
const GRACE_MS = 5_000
/** A command that can not leave this long does not leave any more. */
const LEAVE_MS = 10_000
const RETRY_MS = 50

/** Creates the dispatcher of one start of the gateway. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { clock, entries, outgoing, gatewayEpoch } = options
  const records = new Map<string, Tracked>()
  const queues = new Map<string, Queue>()
  const open = new Set<Tracked>()
  const pulses: (() => void)[] = []
  let waiting = 0

  const change = (record: Tracked, next: Partial<GatewayCommand>): void => {
    record.command = { ...record.command, ...next }
    options.onChange(record.command)
  }
  const mark = (record: Tracked, stage: GatewayCommand['stages'][number]['stage'], path: GatewayPath | null): void => {
    const { stages, state } = record.command
    if (stages.some((done) => done.stage === stage)) return
    const ended = state === 'settled' || state === 'undelivered'
    change(record, {
      stages: [...stages, { stage, at_ms: clock.wallMs(), path }],
      ...(ended || state === 'unknown' ? {} : { state: stage }),
    })
  }
  const end = (record: Tracked, state: 'unknown' | 'undelivered', text: string): void => {
    if (state === 'undelivered') open.delete(record)
    change(record, { state, text })
  }

  const queueOf = (layerId: string): Queue => {
    let queue = queues.get(layerId)
    if (!queue) queues.set(layerId, (queue = { waiting: [], busy: false, seq: 0 }))
    return queue
  }

  const compose = (record: Tracked, seq: number): SignedEntry => {
    const { order } = record
    return entries.command(order.command, {
      message_id: order.id,
      seq,
      stop_epoch: options.stopEpochOf(order.command.layer_id),
      ...(order.audit_size == null ? {} : { audit_size: order.audit_size }),
      ...(order.audit_root == null ? {} : { audit_root: order.audit_root }),
    })
  }

  const send = async (record: Tracked, entry: SignedEntry): Promise<void> => {
    const layerId = record.order.command.layer_id
    const route = options.foreign(entry, layerId)
    const topics = route?.topics ?? [outgoing.controlTopic(layerId)]
    const message = route?.message ?? entry.message
    for (let attempt = 0; ; attempt++) {
      try {
        for (const topic of topics) await outgoing.publish(topic, message)
        record.overdueMs = clock.monotonicMs() + record.ttlMs + GRACE_MS
        return mark(record, 'sent', 'bus')
      } catch (error) {
        const code = isAppError(error) ? error.code : 'INTERNAL'
        const text = (error as Error).message.slice(0, 500)
        if (code === 'BUS_TIMEOUT') {
          record.overdueMs = clock.monotonicMs()
          return end(record, 'unknown', `the bus did not say whether it has it: ${text}`)
        }
        if (code !== 'BUS_UNAVAILABLE' || clock.monotonicMs() >= record.endMs)
          return end(record, 'undelivered', `it never left: ${text}`)
        await clock.sleep(RETRY_MS)
      }
    }
  }

  /** Waits until the bus server's time is known: a signed command without a date is refused where it arrives. */
  const isDated = async (record: Tracked): Promise<boolean> => {
    while ((await options.busTime.nowMs()) === null) {
      if (clock.monotonicMs() >= record.endMs) return false
      await clock.sleep(RETRY_MS)
    }
    return true
  }

  const pump = (queue: Queue): void => {
    if (queue.busy) return
    const record = queue.waiting.shift()
    if (record === undefined) return
    waiting--
    if (clock.monotonicMs() >= record.endMs) {
      end(record, 'undelivered', 'its time ended before it could leave')
      return pump(queue)
    }
    queue.busy = true
    const seq = ++queue.seq
    change(record, { seq })
    const leave = async (): Promise<void> => {
      try {
        if (await isDated(record)) await send(record, compose(record, seq))
        else end(record, 'undelivered', 'it never left: the bus does not tell its time, so it could not be dated')
      } catch (error) {
        end(record, 'undelivered', (error as Error).message.slice(0, 500))
      }
      queue.busy = false
      pump(queue)
    }
    void leave()
  }

  const drainPulses = (): void => {
    // Composed, signed and checked like a command; only nobody gets it.
    const stamps = { message_id: options.newId(), seq: 0 }
    entries.command({ message_type: 'NoOp', issued_by: 'gateway', ttl_ms: 1_000 }, stamps)
    for (const done of pulses.splice(0)) done()
  }

  const remember = (record: Tracked): void => {
    records.set(record.order.id, record)
    open.add(record)
    if (records.size <= KEPT) return
    const [oldestId, oldest] = records.entries().next().value as [string, Tracked]
    records.delete(oldestId)
    open.delete(oldest)
  }

  return {
    take(order) {
      const hash = createHash('sha256').update(JSON.stringify(order.command)).digest('hex')
      const known = records.get(order.id)
      if (known) {
        if (known.hash === hash) return known.command
        throw new AppError('CONTRACT_INVALID', 'this id was used for another command', { path: 'id' })
      }
      if (waiting >= MAX_WAITING) throw new AppError('GUARD_RATE', `${waiting} commands wait in the gateway already`)
      // Whatever is wrong with it is said now, to the caller, and not when its turn comes.
      const { command } = entries.command(order.command, { message_id: order.id, seq: 0 })
      const { ttl_ms: ttlMs, priority, message_type: type } = command!
      const layerId = order.command.layer_id
      const why = options.disobeys(layerId)
      if (why !== null) throw new AppError('COMMAND_UNSUPPORTED', why, { path: 'layer_id' })
      const nowMs = clock.monotonicMs()
      const record: Tracked = {
        hash,
        order,
        rank: RANKS[priority],
        ttlMs,
        endMs: nowMs + Math.min(ttlMs, LEAVE_MS),
        overdueMs: Number.POSITIVE_INFINITY,
        command: {
          id: order.id,
          type,
          layer_id: layerId,
          state: 'taken',
          foreign: options.foreign(entries.command(order.command, { message_id: order.id, seq: 0 }), layerId) !== null,
          gateway_epoch: gatewayEpoch,
          seq: null,
          stages: [],
          outcome: null,
          text: '',
        },
      }
      remember(record)
      mark(record, 'taken', null)
      const queue = queueOf(layerId)
      const at = queue.waiting.findIndex((other) => other.rank > record.rank)
      queue.waiting.splice(at < 0 ? queue.waiting.length : at, 0, record)
      waiting++
      pump(queue)
      return record.command
    },
    get: (id) => records.get(id)?.command ?? null,
    settle(outcome, path) {
      const record = records.get(outcome.command_id)
      if (record === undefined || outcome.layer_id !== record.command.layer_id) return false
      if (record.command.state === 'settled') return true
      if (!isFinalOutcome(outcome.kind)) {
        const stage = outcome.details['stage']
        if (stage === 'received' || stage === 'queued' || stage === 'started') mark(record, stage, path)
        return true
      }
      open.delete(record)
      change(record, { state: 'settled', outcome, text: outcome.text })
      return true
    },
    sweep() {
      const nowMs = clock.monotonicMs()
      for (const record of open) {
        if (nowMs < record.overdueMs || record.command.state === 'unknown') continue
        end(record, 'unknown', 'no outcome came in time: it may or may not have been applied')
      }
    },
    pulse(done) {
      pulses.push(done)
      queueMicrotask(() => {
        try {
          drainPulses()
        } catch {
          // A brain that can not sign sends no lease: the pulse stays out.
        }
      })
    },
    pending: () => waiting,
  }
}
