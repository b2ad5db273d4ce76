/*
 * trainerWorker: the training thread: lib/training inside a pacing shell, and nothing else.
 * In: workerData (files, seed, pace, a MessagePort). Out: ticks in a shared ring, messages on the port, files of the run.
 * Invariant: never awaits the bus, never notifies a consumer; losing the other end of the port ends the thread.
 * Source: seed-design.md 4.1; docs/architecture.md "processes and threads".
 */
import { readFileSync } from 'node:fs'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { isAppError } from '../../lib/contracts/appError.ts'
import { buildRunDescriptor, createRunId, parseControlCurve } from '../../lib/agents/runDescriptor.ts'
import type { FromTrainer, ToTrainer } from '../../lib/agents/trainerProtocol.ts'
import { createTrainerShell } from '../../lib/agents/trainerShell.ts'
import { createSwitchBuffer, createSwitchReader, createSwitchWriter } from '../../lib/agents/trainerSwitch.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createSharedRing, ringWriter } from '../../lib/telemetry/sharedRing.ts'
import { createTickEncoder } from '../../lib/telemetry/tickEncoder.ts'
import { parseDigits } from '../../lib/training/dataset.ts'
import { createTrainer } from '../../lib/training/trainer.ts'
import type { TrainerOptions } from '../../lib/training/trainerOptions.ts'
import type { Trainer } from '../../lib/training/trainerTypes.ts'
import { ownThreadId } from './threadPriority.ts'
import { openRunFiles, readRunFiles, type RunFiles } from './checkpointFiles.ts'

/** What the composition root hands over; `port` must be in the transfer list. */
export interface TrainerWorkerData {
  readonly port: MessagePort
  /** assets/digits/digits-14x14.bin.br or its plain form. */
  readonly digitsPath: string
  /** Recorded run of the same seed without growth; null when there is none. */
  readonly controlCurvePath: string | null
  readonly options: TrainerOptions
  readonly runId?: string
  readonly title?: string
  /** null = as fast as it goes. */
  readonly stepsPerS: number | null
  readonly maxSteps?: number
  /** Folder under which the run keeps its checkpoint and command log; null = nothing is written. */
  readonly runsFolder: string | null
  /** Folder of an earlier run to continue from. */
  readonly resumeFrom?: string | null
  readonly ringSlots?: number
  /** false: no telemetry at all (the other half of the overhead measurement). */
  readonly telemetry?: boolean
  /** Layers under a stop that is not over: the run begins with them standing still. */
  readonly heldLayers?: readonly string[] | 'all'
  /** false: the controller leaves this run alone. */
  readonly controlled?: boolean
}

/** Told to whoever started the thread. */
export type TrainerWorkerNote =
  | { readonly kind: 'started'; readonly runId: string; readonly resumedAtStep: number | null }
  | { readonly kind: 'warning'; readonly code: string; readonly text: string }
  | {
      readonly kind: 'stopped'
      readonly step: number
      readonly elapsedMs: number
      /** Processor time of this thread alone: what a busy machine can not distort. */
      readonly cpuMs: number
      readonly ringDropped: number
    }

/** Two minutes of ticks at the usual pace would be 900; a ring only has to cover a stall of the publisher's thread. */
const RING_SLOTS = 64

const data = workerData as TrainerWorkerData
const note = (message: TrainerWorkerNote): void => parentPort?.postMessage(message)
const warn = (error: unknown, fallback: string): void =>
  note({
    kind: 'warning',
    code: isAppError(error) ? error.code : 'INTERNAL',
    text: error instanceof Error ? error.message : fallback,
  })

function readControlCurve() {
  if (data.controlCurvePath === null) return null
  try {
    return parseControlCurve(readFileSync(data.controlCurvePath, 'utf8'))
  } catch (error) {
    // The pale comparison line is missing then; the run itself is not worse for it.
    warn(error, 'the control curve can not be read')
    return null
  }
}

function resume(trainer: Trainer): ReturnType<typeof readRunFiles>['records'] | null {
  if (!data.resumeFrom) return null
  try {
    const { checkpoint, records } = readRunFiles(data.resumeFrom)
    const { checkpointId } = trainer.importCheckpoint(checkpoint)
    const result = trainer.restoreCheckpoint(checkpointId, 'exact')
    if (result.status === 'applied') return records
    note({ kind: 'warning', code: result.code, text: result.text })
  } catch (error) {
    warn(error, 'the earlier run can not be continued')
  }
  return null
}

function openFiles(runId: string): RunFiles | null {
  if (data.runsFolder === null) return null
  try {
    return openRunFiles(data.runsFolder, runId)
  } catch (error) {
    warn(error, 'the run folder can not be made; nothing is kept on disk')
    return null
  }
}

function main(): void {
  const { port, options, stepsPerS } = data
  const dataset = parseDigits(readFileSync(data.digitsPath))
  const trainer = createTrainer(options, dataset, { nowUs: () => clock.monotonicMs() * 1_000 })
  const records = resume(trainer)
  const runId = data.runId ?? createRunId(options.seed, clock)
  const description = trainer.describe()
  const identity = {
    runId,
    epoch: Math.floor(clock.wallMs()),
    origin: 'trainer',
    title: data.title ?? `Digits, seed ${options.seed}`,
    expectedIntervalMs: stepsPerS === null ? 1 : (description.steps_per_tick * 1_000) / stepsPerS,
    controlled: data.controlled ?? true,
  } as const
  const run = buildRunDescriptor(description, identity, readControlCurve(), clock)
  const encoder = createTickEncoder({
    schemaId: run.schema_id,
    seedsPerLayer: run.layers.map((layer) => layer.seeds),
    seedColumns: run.seed_columns.length,
    layerColumns: run.layer_columns.length,
  })
  const ring = createSharedRing(data.ringSlots ?? RING_SLOTS, encoder.tickBytes)
  const writer = data.telemetry === false ? null : ringWriter(ring.buffer)
  const files = openFiles(runId)
  const switches = createSwitchBuffer(trainer.layerIds.length)
  const { heldLayers: held = [] } = data
  if (held.length > 0)
    createSwitchWriter(switches).hold(
      trainer.layerIds.map((layerId) => held === 'all' || held.includes(layerId)),
      [],
    )
  const startedMs = clock.monotonicMs()
  const startedCpu = process.threadCpuUsage()

  // The hash covers the whole history, so it is taken once, at the end.
  const writeLog = (isLast: boolean): void => {
    const { name, sha256 } = dataset
    const hash = isLast ? trainer.hash() : null
    const log = { runId, options, dataset: { name, sha256 }, step: trainer.step, hash }
    files?.writeLog({ ...log, commands: trainer.commandLog() })
  }
  const post = (message: FromTrainer): void => port.postMessage(message)
  const shell = createTrainerShell({
    trainer,
    clock,
    encoder,
    ring: writer,
    post,
    receive: () => (receiveMessageOnPort(port)?.message as ToTrainer | undefined) ?? null,
    switches: createSwitchReader(switches),
    stepsPerS,
    ...(data.maxSteps === undefined ? {} : { maxSteps: data.maxSteps }),
    ...(files
      ? {
          saveCheckpoint: (info, kept) => {
            const bytes = trainer.checkpointBytes(info.checkpointId)
            if (bytes) files.writeCheckpoint(bytes, info, kept)
            writeLog(false)
          },
        }
      : {}),
    onStopped: () => {
      try {
        writeLog(true)
      } catch (error) {
        warn(error, 'the command log can not be written')
      }
      const elapsedMs = clock.monotonicMs() - startedMs
      const { user, system } = process.threadCpuUsage(startedCpu)
      const cpuMs = (user + system) / 1_000
      note({ kind: 'stopped', step: trainer.step, elapsedMs, cpuMs, ringDropped: writer?.dropped() ?? 0 })
      port.close()
    },
  })
  if (records) shell.loadRecords(records)
  port.on('close', () => shell.stop())
  post({ kind: 'ready', ring: ring.buffer, switches, run, threadId: ownThreadId() })
  note({ kind: 'started', runId, resumedAtStep: records ? trainer.step : null })
  shell.start()
}

main()
