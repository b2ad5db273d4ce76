/*
 * trainerLink: the agent's end of the line to the training thread.
 * In: a port. Out: one record per request, trainer events in order, the latest status.
 * Invariant: a request always settles; when the other end goes away the open ones settle as lost. What comes before a
 * listener is set is kept, so no event is missed between connect and start.
 * Source: seed-design.md 4.1; docs/architecture.md "processes and threads".
 */
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import type { TrainerEvent } from '../training/trainerTypes.ts'
import type {
  ExecuteRequest,
  FromTrainer,
  PortLike,
  ToTrainer,
  TrainerRecord,
  TrainerStatus,
} from './trainerProtocol.ts'

export type TrainerReply =
  | { readonly kind: 'record'; readonly record: TrainerRecord; readonly repeated: boolean }
  /** The training thread ended before it answered; with it went every effect since the last checkpoint. */
  | { readonly kind: 'lost' }

export interface TrainerLink {
  /** `onBegun` is called when the trainer takes the command up, before its effect is known. */
  execute(request: Omit<ExecuteRequest, 'kind' | 'requestId'>, onBegun?: () => void): Promise<TrainerReply>
  /** Sets the one listener; events that waited are told at once, in order. */
  onEvents(listener: (events: readonly TrainerEvent[]) => void): void
  onClose(listener: () => void): void
  status(): TrainerStatus | null
  /** Sets the one listener for a status that says halted, moving, or which layers stand still, for the first time. */
  onStandstill(listener: () => void): void
  /** Asks the trainer to stop; resolves when it said goodbye or the line is dead. */
  stop(): Promise<void>
}

export interface ConnectedTrainer {
  readonly link: TrainerLink
  readonly ring: SharedArrayBuffer
  readonly switches: SharedArrayBuffer
  readonly run: RunDescriptor
  readonly threadId: number | null
}

/** Waits for the trainer's introduction on a port; rejects with an Error when the port closes first. */
export function connectTrainer(port: PortLike): Promise<ConnectedTrainer> {
  const { link, introduced } = createTrainerLink(port)
  return introduced.then((ready) => ({ link, ...ready }))
}

/** Creates the link at once; `introduced` resolves with what the trainer says about itself. */
export function createTrainerLink(port: PortLike) {
  const open = new Map<number, (reply: TrainerReply) => void>()
  const begun = new Map<number, () => void>()
  const waiting: TrainerEvent[] = []
  const goodbyes: (() => void)[] = []
  let listener: ((events: readonly TrainerEvent[]) => void) | null = null
  let latest: TrainerStatus | null = null
  let standstill: () => void = () => undefined
  let nextId = 1
  let closed = false
  const {
    promise: introduced,
    resolve,
    reject,
  } = Promise.withResolvers<Omit<Extract<FromTrainer, { kind: 'ready' }>, 'kind'>>()
  // Nobody may be waiting any more when the port closes later; a rejection must not become an unhandled one.
  introduced.catch(() => undefined)

  const close = (): void => {
    if (closed) return
    closed = true
    reject(new Error('the trainer went away before it introduced itself'))
    for (const settle of open.values()) settle({ kind: 'lost' })
    open.clear()
    begun.clear()
    for (const goodbye of goodbyes.splice(0)) goodbye()
  }

  const onMessage = (value: unknown): void => {
    const message = value as FromTrainer
    switch (message.kind) {
      case 'ready':
        return resolve(message)
      case 'begun':
        begun.get(message.requestId)?.()
        return
      case 'reply':
        open.get(message.requestId)?.({ kind: 'record', record: message.record, repeated: message.repeated })
        open.delete(message.requestId)
        begun.delete(message.requestId)
        return
      case 'events':
        if (listener) listener(message.events)
        else waiting.push(...message.events)
        return
      case 'status':
        {
          const before = latest
          latest = message.status
          if (standingOf(before) !== standingOf(latest)) standstill()
        }
        return
      case 'stopped':
        return close()
    }
  }
  port.on('message', onMessage)
  port.on('close', close)

  const post = (message: ToTrainer): void => port.postMessage(message)
  const link: TrainerLink = {
    execute(request, onBegun) {
      if (closed) return Promise.resolve({ kind: 'lost' })
      const requestId = nextId++
      return new Promise((settle) => {
        open.set(requestId, settle)
        if (onBegun) begun.set(requestId, onBegun)
        post({ kind: 'execute', requestId, ...request })
      })
    },
    onEvents(next) {
      listener = next
      if (waiting.length > 0) next(waiting.splice(0))
    },
    onClose(goodbye) {
      if (closed) goodbye()
      else goodbyes.push(goodbye)
    },
    status: () => latest,
    onStandstill: (next) => (standstill = next),
    stop() {
      if (closed) return Promise.resolve()
      post({ kind: 'stop' })
      return new Promise((done) => goodbyes.push(done))
    },
  }
  return { link, introduced }
}

const standingOf = (status: TrainerStatus | null): string =>
  status === null ? '' : `${status.halted} ${status.held.join(' ')}`
