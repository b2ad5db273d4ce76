/*
 * loadWorker: a thread that makes generated load and publishes it, and nothing else.
 * In: workerData (shape, tables, which bus). Out: notes on the parent port: started, counters twice a second, the end.
 * Invariant: its numbers are a run of origin load-generator with a source of its own; it says goodbye on the bus before it ends.
 * Source: docs/performance.md "load generator"; docs/architecture.md "processes and threads".
 */
import { readFileSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { createLoadGenerator, type LoadCounters, type LoadGenerator } from '../../lib/loadgen/loadGenerator.ts'
import type { LoadShape } from '../../lib/loadgen/loadRun.ts'
import { parseLoadTables } from '../../lib/loadgen/loadTables.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createDisposables } from '../../lib/primitives/disposables.ts'
import { createPortBus, type PublisherBus } from './publisherPort.ts'
import { toWorkerError, type WorkerError } from './workerProtocol.ts'

export interface LoadWorkerData {
  readonly shape: LoadShape
  readonly tablesPath: string
  /** `port` must be in the transfer list. */
  readonly bus:
    | { readonly driver: 'redis'; readonly url: string }
    | { readonly driver: 'memory'; readonly port: MessagePort }
}

export type LoadWorkerNote =
  | { readonly kind: 'started'; readonly runId: string }
  | {
      readonly kind: 'counters'
      readonly counters: LoadCounters
      readonly atMs: number
      /** Processor time of this thread so far. */
      readonly cpuMs: number
    }
  | { readonly kind: 'error'; readonly error: WorkerError }
  | { readonly kind: 'failed'; readonly error: WorkerError }
export interface LoadWorkerStop {
  readonly kind: 'stop'
  readonly deadlineMs: number
}

const COUNT_MS = 500
const MB = 1_048_576
/** Two layers of the largest kind must fit behind those in flight. */
const QUEUED_BYTES = 8 * MB

const data = workerData as LoadWorkerData
const parent = parentPort!
const note = (message: LoadWorkerNote): void => parent.postMessage(message)
const parts = createDisposables(clock)

async function openBus(): Promise<PublisherBus> {
  if (data.bus.driver === 'memory') {
    const { port } = data.bus
    // Without the thread that owns the bus there is nobody to publish to.
    port.on('close', () => fail(new Error('the thread of the bus ended')))
    parts.add('port', () => port.close())
    return createPortBus(port)
  }
  const bus = createRedisBus({ url: data.bus.url, clock, name: 'morphoscope-load', maxQueuedBytes: QUEUED_BYTES })
  parts.add('bus', (deadlineMs) => bus.stop(deadlineMs))
  await bus.start()
  return bus
}

let generator: LoadGenerator | null = null
let stopping = false

async function start(): Promise<void> {
  const tables = parseLoadTables(readFileSync(data.tablesPath, 'utf8'))
  const bus = await openBus()
  const made = createLoadGenerator({
    bus,
    clock,
    shape: data.shape,
    tables,
    onError: (error) => note({ kind: 'error', error: toWorkerError(error) }),
  })
  generator = made
  parts.add('generator', (deadlineMs) => made.stop(deadlineMs))
  await made.start()
  parts.add('counters', clock.every(COUNT_MS, tell))
  note({ kind: 'started', runId: made.run.run_id })
}

function tell(): void {
  if (generator === null) return
  const { user, system } = process.threadCpuUsage()
  note({
    kind: 'counters',
    counters: generator.counters(),
    atMs: clock.monotonicMs(),
    cpuMs: (user + system) / 1_000,
  })
}

function fail(error: unknown): void {
  if (stopping) return
  stopping = true
  note({ kind: 'failed', error: toWorkerError(error) })
  // Give the message its way out before the thread ends with everything it holds.
  setImmediate(() => process.exit(1))
}

parent.on('message', (message: LoadWorkerStop) => {
  stopping = true
  void parts.stop(message.deadlineMs).then(() => {
    tell()
    parent.close()
  })
})

start().catch(fail)
