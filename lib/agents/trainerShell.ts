/*
 * trainerShell: runs a trainer at its pace, hands each tick to the ring, and executes commands between ticks.
 * In: a trainer, a ring, a mailbox that is looked into and never waited for. Out: ticks in the ring; replies, events, status.
 * Invariant: the clock paces and stamps but never decides: what the trainer computes depends on seed, configuration and the step
 * at which each command applied. A command's record is kept in the same breath as its effect.
 * Source: seed-design.md 4.1; docs/architecture.md "processes and threads".
 */
import { columnIndex } from '../contracts/columnIndex.ts'
import { createOutcomeStore, type OutcomeStore } from '../commands/outcomeStore.ts'
import { FRAME_FLAG } from '../frames/wireFrame.ts'
import type { Clock } from '../primitives/clock.ts'
import type { RingWriter } from '../telemetry/sharedRing.ts'
import type { TickEncoder } from '../telemetry/tickEncoder.ts'
import type { CheckpointInfo, Trainer, TrainerEvent } from '../training/trainerTypes.ts'
import { createTrainerDesk } from './trainerDesk.ts'
import type { FromTrainer, ToTrainer, TrainerRecord, TrainerStatus } from './trainerProtocol.ts'
import type { SwitchReader } from './trainerSwitch.ts'

export interface TrainerShellOptions {
  readonly trainer: Trainer
  readonly clock: Clock
  readonly encoder: TickEncoder
  /** null: telemetry off (the overhead script's other half). */
  readonly ring: RingWriter | null
  readonly post: (message: FromTrainer) => void
  /** Takes the next message that is there; null when none is. */
  readonly receive: () => ToTrainer | null
  /** Looked at before each step: what a stop or the lease asks for. */
  readonly switches?: SwitchReader
  /** Optimiser steps per second of wall time; null = as fast as it goes. */
  readonly stepsPerS: number | null
  /** Stops by itself at this step. */
  readonly maxSteps?: number
  /** Called when the trainer found itself healthy (its own snapshot, each 25 ticks); may throw, which is counted. */
  readonly saveCheckpoint?: (info: CheckpointInfo, records: ReturnType<OutcomeStore<TrainerRecord>['entries']>) => void
  readonly onEvents?: (events: readonly TrainerEvent[]) => void
  readonly onStopped?: () => void
}

export interface TrainerShell {
  /** Runs until a stop message, maxSteps or stop(). */
  start(): void
  /** Runs one burst: at most one tick when paced. Returns ms to wait before the next; for tests and for start(). */
  burst(): number
  stop(): void
  status(): TrainerStatus
  /** Takes records of an earlier process back, together with the checkpoint they belong to. */
  loadRecords(records: ReturnType<OutcomeStore<TrainerRecord>['entries']>): void
}

const MAX_BURST_STEPS = 20
/** At full speed the thread still lets its event loop breathe this often. */
const FREE_RUN_MS = 40
const STATUS_MS = 500
/** A process that slept does not run after its pace: what was missed is missed. */
const MAX_DEBT_MS = 1_000
const HALTED_POLL_MS = 10
/** While nothing moves, readers are told so this often: silence must not be taken for health, nor for a loss. */
const HALTED_MARK_MS = 500
/** What can still be redelivered after a restart is minutes old; writing a day of records each time would cost steps. */
const PERSISTED_RECORDS = 1_000
const COLUMNS = ['steps_per_s', 'ring_dropped'] as const

/** Creates the shell; nothing runs before start(). */
export function createTrainerShell(options: TrainerShellOptions): TrainerShell {
  const { trainer, clock, encoder, ring, post, stepsPerS, switches } = options
  const maxSteps = options.maxSteps ?? Number.POSITIVE_INFINITY
  const records = createOutcomeStore<TrainerRecord>(clock)
  const layers = trainer.layerIds.map((_, layer) => layer)
  const description = trainer.describe()
  const [speedAt, droppedAt] = COLUMNS.map((name) => columnIndex(description.layer_columns, name)) as [number, number]
  const summary = new Float32Array(description.layer_columns.length)
  let atBoundary = true
  let running = false
  let undoTimer: (() => void) | null = null
  let undoSwitch: (() => void) | null = null
  let pauseAsked = false
  let pausing = false
  let paceStep = trainer.step
  let paceMs = clock.monotonicMs()
  let tickMs = paceMs
  let markMs = paceMs
  let tickStep = trainer.step
  let speed = Number.NaN
  let statusMs = paceMs
  let statusStep = trainer.step
  let busyMs = 0
  let lastStatus: TrainerStatus | null = null
  let checkpointTick: number | null = null
  let checkpointFailures = 0

  /** Written in place by the ring writer; no allocation beyond the small frame heads. */
  const fill = (slot: Uint8Array): number => {
    const nowMs = clock.monotonicMs()
    const windowMs = Math.min(0xffff_ffff, Math.max(0, Math.round(nowMs - tickMs)))
    const fault = trainer.faultActive ? FRAME_FLAG.faultActive : 0
    const publishedAtS = clock.wallMs() / 1_000
    let offset = 0
    for (const layer of layers) {
      const flags = fault | (trainer.halted || trainer.isHeld(layer) ? FRAME_FLAG.halted : 0)
      // Sequence and time of publishing are the publisher's, which stamps when it takes the slot; until then it reads when we wrote.
      const head = { seq: 0, step: trainer.step, tick: trainer.tick, publishedAtS, flags, windowMs }
      summary.set(trainer.layerColumns(layer))
      if (speedAt >= 0) summary[speedAt] = speed
      if (droppedAt >= 0) summary[droppedAt] = ring?.dropped() ?? Number.NaN
      offset = encoder.encodeLayer(slot, offset, layer, head, trainer.seedColumns(layer), summary)
    }
    return offset
  }

  const tellEvents = (): void => {
    const events = trainer.drainEvents()
    if (events.length === 0) return
    // The trainer takes its own snapshot only when it is healthy: that moment, and no other, goes to disk.
    if (options.saveCheckpoint && events.some((event) => event.kind === 'checkpoint' && event.action === 'snapshot')) {
      checkpoint(options.saveCheckpoint)
      events.push(...trainer.drainEvents())
    }
    options.onEvents?.(events)
    post({ kind: 'events', events })
  }

  const onTick = (): void => {
    const nowMs = clock.monotonicMs()
    if (nowMs > tickMs) {
      const now = ((trainer.step - tickStep) * 1_000) / (nowMs - tickMs)
      speed = Number.isNaN(speed) ? now : speed * 0.8 + now * 0.2
    }
    ring?.tryWrite(fill)
    tickMs = nowMs
    tickStep = trainer.step
    tellEvents()
    settlePause()
  }

  /** The same picture again, marked as one that stands still. */
  const mark = (): void => {
    markMs = clock.monotonicMs()
    ring?.tryWrite(fill)
  }

  /** A pause waits for the end of the tick: nothing hurries, and readings stay whole. */
  const settlePause = (): void => {
    if (pauseAsked === pausing || (pauseAsked && !atBoundary && !trainer.halted)) return
    pausing = pauseAsked
    trainer.execute({ type: pausing ? 'halt' : 'resume', correlationId: null })
    tellEvents()
  }

  /** Does what the switches ask before anything else happens. Through execute(), so that a replay stands still at the same place. */
  const obey = (isWithin = false): void => {
    if (!switches?.changed()) return
    const asked = switches.read()
    const wasHalted = trainer.halted
    const before = heldLayers()
    const held = trainer.layerIds.filter((_, layer) => asked.held[layer])
    if (held.join(' ') !== before.join(' ')) trainer.execute({ type: 'hold', layerIds: held, correlationId: null })
    pauseAsked = asked.paused
    settlePause()
    switches.obey(asked.change, trainer.step)
    if (held.join(' ') === before.join(' ') && wasHalted === trainer.halted) return
    // Among the evaluations of a tick its picture is not there yet: it comes in a moment and says that it stands still.
    if (!isWithin) {
      tellEvents()
      mark()
    }
    sendStatus(clock.monotonicMs())
  }
  /** The evaluations at the end of a tick are tens of milliseconds in which nothing moves: a stop is in force before they end. */
  const obeyWithin = (): void => obey(true)

  const heldLayers = (): readonly string[] => trainer.layerIds.filter((_, layer) => trainer.isHeld(layer))

  /** Through execute(), so that the command log knows of it and a replay saves at the same step. */
  const checkpoint = (save: NonNullable<TrainerShellOptions['saveCheckpoint']>): void => {
    try {
      const result = trainer.execute({ type: 'checkpoint_save', correlationId: null })
      if (result.status !== 'applied' || !result.checkpoint) return
      save(result.checkpoint, records.entries(PERSISTED_RECORDS))
      checkpointTick = trainer.tick
    } catch {
      // A full disk must not stop training; the count goes out with every heartbeat.
      checkpointFailures++
    }
  }

  const execute = createTrainerDesk({ trainer, clock, records, post, switches, obey, tellEvents })

  /** Looks into the mailbox between ticks, or at once while halted. */
  const serve = (): void => {
    if (!atBoundary && !trainer.halted) return
    for (let message = options.receive(); message; message = options.receive()) {
      if (message.kind === 'stop') return finish()
      execute(message)
    }
  }

  const rebase = (): void => {
    paceStep = trainer.step
    paceMs = clock.monotonicMs()
  }

  const due = (): number => {
    if (stepsPerS === null) return Number.POSITIVE_INFINITY
    const elapsedMs = clock.monotonicMs() - paceMs
    const behind = (elapsedMs * stepsPerS) / 1_000 - (trainer.step - paceStep)
    if ((behind * 1_000) / stepsPerS <= MAX_DEBT_MS && behind >= -MAX_BURST_STEPS)
      return Math.floor(Math.max(0, behind))
    rebase()
    return 0
  }

  /** Steps until the burst is used up; stops at a tick boundary when there is mail. */
  const steps = (count: number): void => {
    const endMs = clock.monotonicMs() + FREE_RUN_MS
    const most = stepsPerS === null ? Number.POSITIVE_INFINITY : Math.min(count, MAX_BURST_STEPS)
    for (let done = 0; done < most && running && trainer.step < maxSteps; done++) {
      obey()
      if (trainer.halted) return
      const ended = trainer.runStep(obeyWithin)
      atBoundary = ended
      if (!ended) continue
      onTick()
      serve()
      if (trainer.halted || clock.monotonicMs() >= endMs) return
    }
  }

  const tellStatus = (nowMs: number): void => {
    if (nowMs - statusMs >= STATUS_MS) sendStatus(nowMs)
  }

  const sendStatus = (nowMs: number): void => {
    lastStatus = readStatus(nowMs - statusMs)
    statusMs = nowMs
    statusStep = trainer.step
    busyMs = 0
    post({ kind: 'status', status: lastStatus })
  }

  const readStatus = (windowMs: number): TrainerStatus => {
    const owed =
      stepsPerS === null ? 0 : ((clock.monotonicMs() - paceMs) * stepsPerS) / 1_000 - (trainer.step - paceStep)
    return {
      step: trainer.step,
      tick: trainer.tick,
      halted: trainer.halted,
      held: heldLayers(),
      faultActive: trainer.faultActive,
      busyRatio: windowMs > 0 ? Math.min(1, busyMs / windowMs) : 0,
      stepsPerS: windowMs > 0 ? ((trainer.step - statusStep) * 1_000) / windowMs : 0,
      ringDropped: ring?.dropped() ?? 0,
      lagMs: stepsPerS === null || trainer.halted ? 0 : Math.max(0, ((owed - MAX_BURST_STEPS) * 1_000) / stepsPerS),
      checkpointTick,
      checkpointFailures,
    }
  }

  const finish = (): void => {
    if (!running) return
    running = false
    undoTimer?.()
    undoSwitch?.()
    tellEvents()
    post({ kind: 'stopped', step: trainer.step, ...trainer.hash() })
    options.onStopped?.()
  }

  const burst = (): number => {
    switches?.work()
    try {
      return workedBurst()
    } finally {
      // What was asked for during the last step is answered now, not at the next burst.
      if (running) obey()
      switches?.rest(trainer.step)
    }
  }

  const workedBurst = (): number => {
    const startMs = clock.monotonicMs()
    obey()
    serve()
    if (trainer.halted) standStill(startMs)
    else steps(due())
    const endMs = clock.monotonicMs()
    busyMs += endMs - startMs
    if (running) tellStatus(endMs)
    if (running && trainer.step >= maxSteps && atBoundary) finish()
    if (trainer.halted) return HALTED_POLL_MS
    return stepsPerS === null ? 0 : Math.max(1, 1_000 / stepsPerS)
  }

  const standStill = (nowMs: number): void => {
    rebase()
    if (nowMs - markMs >= HALTED_MARK_MS) mark()
  }

  const loop = (): void => {
    if (!running) return
    const waitMs = burst()
    if (running) undoTimer = clock.after(waitMs, loop)
  }

  return {
    start() {
      if (running) return
      running = true
      rebase()
      // A thread that waits for its next burst hears of a stop at once.
      undoSwitch = switches?.onChange(() => running && obey()) ?? null
      loop()
    },
    burst() {
      running = true
      return burst()
    },
    stop: finish,
    status: () => lastStatus ?? readStatus(0),
    loadRecords: (kept) => records.load(kept),
  }
}
