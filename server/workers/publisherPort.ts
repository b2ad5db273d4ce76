/*
 * publisherPort: publishing through the thread that owns the in-process bus, for a publisher in a thread of its own.
 * In: a MessagePort. Out: the part of the bus a publisher needs, on one side; its service, on the other.
 * Invariant: a publish settles when the bus has settled it, so the publisher feels the bus's pressure; a port that closes fails all.
 * Source: docs/architecture.md "processes and threads".
 */
import type { MessagePort } from 'node:worker_threads'
import type { BusMessage, MessageBus, PublishOptions, ReadRange, ReadResult } from '../../lib/bus/messageBus.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../lib/contracts/errorCatalog.ts'
import { toWorkerError, type WorkerError } from './workerProtocol.ts'

export type PublisherBus = Pick<MessageBus, 'publish' | 'read'>

type Call = { readonly id: number } & (
  | {
      readonly kind: 'publish'
      readonly topic: string
      readonly message: BusMessage
      readonly maxLen: number | undefined
    }
  | { readonly kind: 'read'; readonly topic: string; readonly range: ReadRange }
)
interface Reply {
  readonly id: number
  readonly value: unknown
  readonly error: WorkerError | null
}

/** Answers the calls of one publisher until its port closes. */
export function servePublisher(port: MessagePort, bus: PublisherBus): void {
  const answer = async (call: Call): Promise<void> => {
    try {
      const value =
        call.kind === 'publish'
          ? await bus.publish(call.topic, call.message, call.maxLen === undefined ? {} : { maxLen: call.maxLen })
          : await bus.read(call.topic, call.range)
      port.postMessage({ id: call.id, value, error: null } satisfies Reply)
    } catch (error) {
      port.postMessage({ id: call.id, value: null, error: toWorkerError(error) } satisfies Reply)
    }
  }
  port.on('message', (call: Call) => void answer(call))
}

/** Makes the publisher's side. Bytes are copied on their way: the caller may reuse its buffer once the publish settled. */
export function createPortBus(port: MessagePort): PublisherBus {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: AppError) => void }>()
  let calls = 0
  let closed = false
  port.on('message', ({ id, value, error }: Reply) => {
    const waiting = open.get(id)
    open.delete(id)
    if (error === null) return waiting?.resolve(value)
    const code = Object.hasOwn(ERROR_CATALOG, error.code) ? (error.code as ErrorCode) : 'INTERNAL'
    waiting?.reject(new AppError(code, error.text))
  })
  port.on('close', () => {
    closed = true
    for (const waiting of open.values()) waiting.reject(new AppError('BUS_STOPPED', 'the thread of the bus ended'))
    open.clear()
  })
  const ask = (call: (id: number) => Call): Promise<unknown> => {
    if (closed) return Promise.reject(new AppError('BUS_STOPPED', 'the thread of the bus ended'))
    return new Promise((resolve, reject) => {
      const id = ++calls
      open.set(id, { resolve, reject })
      port.postMessage(call(id))
    })
  }
  return {
    publish: (topic, message, options: PublishOptions = {}) =>
      ask((id) => ({ id, kind: 'publish', topic, message, maxLen: options.maxLen })) as Promise<string>,
    read: (topic, range) => ask((id) => ({ id, kind: 'read', topic, range })) as Promise<ReadResult>,
  }
}
