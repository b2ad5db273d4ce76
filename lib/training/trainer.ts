/*
 * The trainer: one synchronous run, stepped and commanded from outside, telling what it did as events and columns.
 * In: configuration, data set, commands between steps. Out: columns per tick, one result per command, events.
 * Invariant: seed + configuration + command log reproduce weights and history; nothing is ever erased by a command.
 * Source: seed-design.md 3; docs/training.md.
 */
import { AppError } from '../contracts/appError.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../contracts/metrics.ts'
import { assertNever } from './assertNever.ts'
import { executeBatch } from './batch.ts'
import { decodeCheckpoint, encodeCheckpoint, restoreExact } from './checkpoint.ts'
import { createCheckpointStore } from './checkpointStore.ts'
import { writeColumns } from './columns.ts'
import { applied, executeBlueprint, executeTransition, findSeed, noSuchSeed, rejected } from './commands.ts'
import { setFrozen, setHeld } from './standstill.ts'
import { describeTrainer, hashWeights } from './describeTrainer.ts'
import { evaluateSplit } from './evaluation.ts'
import { startFault } from './faults.ts'
import { createOptimiserStep } from './optimiserStep.ts'
import { plantStaticSeeds } from './staticComparator.ts'
import { rollBack, snapshotBytes, takeSnapshot } from './snapshot.ts'
import { createTickEnd } from './tickEnd.ts'
import { createTrainerConfig } from './trainerConfig.ts'
import { createTrainerCore, isStanding, type TrainerCore } from './trainerCore.ts'
import type { Dataset, TrainerOptions } from './trainerOptions.ts'
import type {
  CheckpointInfo,
  CommandLogEntry,
  FaultRequest,
  Trainer,
  TrainerCommand,
  TrainerResult,
} from './trainerTypes.ts'

export interface TrainerDeps {
  /** Monotonic microseconds for the compute_time_us column; without it that column stays unmeasured. */
  readonly nowUs?: () => number
}

/** What may come into force among the evaluations of a tick: it moves nothing that they read. */
const STANDSTILL: ReadonlySet<TrainerCommand['type']> = new Set(['hold', 'halt', 'resume', 'noop'])

/** Creates a run at step 0. @throws CONFIG_INVALID when the options do not make sense */
export function createTrainer(options: TrainerOptions, dataset: Dataset, deps: TrainerDeps = {}): Trainer {
  const config = createTrainerConfig(options)
  const core = createTrainerCore(config, dataset, deps.nowUs ?? null)
  const { counters, layerIds } = core
  plantStaticSeeds(core)
  const optimiserStep = createOptimiserStep(core)
  const endTick = createTickEnd(core)
  const store = createCheckpointStore(config.checkpointsKept)
  const log: CommandLogEntry[] = []
  const seedColumns = layerIds.map(() => new Float32Array(SEED_COLUMNS.length * config.seedsPerLayer))
  const layerColumns = layerIds.map(() => new Float32Array(LAYER_COLUMNS.length))
  const noAlphas = new Float64Array(core.network.chunks)
  let position = 0
  /** The piece of an evaluation that comes next; null outside of them. */
  let piece: number | null = null
  let lastGood = takeSnapshot(core)

  const refreshColumns = (): void => {
    layerIds.forEach((_id, layer) => writeColumns(core, layer, seedColumns[layer]!, layerColumns[layer]!))
  }
  refreshColumns()

  const govern = (reason: string): void => {
    const loss = Number.isFinite(counters.tickLossSum) ? counters.trainLoss : null
    const rolledBackSeeds = rollBack(core, lastGood, `governor: ${reason}`, 'governor')
    // The sums of the running tick may hold the very number that broke the run.
    if (!Number.isFinite(counters.tickLossSum)) counters.tickLossSum = counters.tickSteps * counters.trainLoss
    core.emit({ kind: 'governor', action: 'rollback', reason, loss, snapshotStep: lastGood.step, rolledBackSeeds })
  }

  const keepGood = (): void => {
    if (counters.tick % config.ticksPerSnapshot !== 0 || core.governor.suspicious) return
    if (!Number.isFinite(counters.valLoss)) return
    lastGood = takeSnapshot(core)
    const checkpointId = `snapshot-${counters.step}`
    core.emit({ kind: 'checkpoint', action: 'snapshot', checkpointId, bytes: snapshotBytes(lastGood), sha256: null })
  }

  const endTickWith = (between: ((piece: number) => void) | undefined): string | null => {
    if (between === undefined) return endTick(null)
    let next = 0
    try {
      return endTick(() => {
        piece = next++
        between(piece)
        piece = null
      })
    } finally {
      piece = null
    }
  }

  const runStep = (between?: (piece: number) => void): boolean => {
    if (isStanding(core)) return false
    position++
    const verdict = optimiserStep()
    if (verdict !== null) govern(verdict)
    if (counters.step % config.stepsPerTick !== 0) return false
    const broken = endTickWith(between)
    if (broken === null) keepGood()
    else govern(broken)
    refreshColumns()
    return true
  }

  const saveCheckpoint = (correlationId: string | null): CheckpointInfo => {
    counters.checkpointCount++
    const checkpointId = `ck-s${config.seed}-${counters.step}-${counters.checkpointCount}`
    const info = store.add(checkpointId, encodeCheckpoint(core, checkpointId, lastGood), counters.step, counters.tick)
    const { bytes, sha256 } = info
    core.emit({ kind: 'checkpoint', action: 'saved', checkpointId, bytes, sha256 }, correlationId)
    return info
  }

  const restore = (checkpointId: string, mode: 'weights' | 'exact', correlationId: string | null): TrainerResult => {
    const held = core.held.indexOf(1)
    if (held >= 0) return rejected('COMMAND_STOPPED', `${layerIds[held]} is stopped: no weights are put back`, null)
    const bytes = store.bytes(checkpointId)
    if (!bytes) {
      return rejected('COMMAND_PRECONDITION', `checkpoint "${checkpointId.slice(0, 128)}" is not in memory`, null)
    }
    const decoded = decodeCheckpoint(core, bytes)
    if (mode === 'exact') {
      restoreExact(core, decoded)
      lastGood = decoded.lastGood
    } else {
      rollBack(core, decoded.snapshot, `restored from ${checkpointId}`, 'operator', correlationId)
      lastGood = takeSnapshot(core)
    }
    refreshColumns()
    const event = { kind: 'checkpoint', action: 'restored', checkpointId, bytes: bytes.length, sha256: null } as const
    core.emit(event, correlationId)
    return applied(`restored ${checkpointId} of step ${decoded.snapshot.step} (${mode})`, null)
  }

  const setHalted = (halted: boolean, correlationId: string | null): TrainerResult => {
    const text = halted ? 'halted' : 'resumed'
    if (core.halted === halted) return applied(`already ${halted ? 'halted' : 'running'}`, null)
    core.halted = halted
    core.emit({ kind: 'control', action: text, layerId: null, seedId: null }, correlationId)
    return applied(`${text} after step ${counters.step}`, null)
  }

  /** Of what a batch may change, the part that is not in the core. */
  const keepOutside = (): (() => void) => {
    const before = lastGood
    const columns = [...seedColumns, ...layerColumns].map((values) => ({ values, copy: values.slice() }))
    return () => {
      lastGood = before
      for (const { values, copy } of columns) values.set(copy)
    }
  }

  const run = (command: TrainerCommand): TrainerResult => {
    switch (command.type) {
      case 'transition':
        if (command.checkpointId !== undefined && core.held.includes(1))
          return rejected('COMMAND_STOPPED', 'a layer is stopped: no weights are put back', null)
        return executeTransition(
          core,
          command,
          (id) => void restore(id, 'weights', command.correlationId),
          (id) => store.has(id),
        )
      case 'blueprint':
        return executeBlueprint(core, command)
      case 'checkpoint_save': {
        const checkpoint = saveCheckpoint(command.correlationId)
        return { ...applied(`saved ${checkpoint.checkpointId}`, null), checkpoint } as TrainerResult
      }
      case 'checkpoint_restore':
        return restore(command.checkpointId, command.mode, command.correlationId)
      case 'freeze':
      case 'unfreeze':
        return setFrozen(core, command)
      case 'hold':
        return setHeld(core, command)
      case 'batch':
        return executeBatch(core, command, { run, keep: keepOutside })
      case 'halt':
      case 'resume':
        return setHalted(command.type === 'halt', command.correlationId)
      case 'noop':
        return applied(isStanding(core) ? 'alive, halted' : 'alive', null)
      case 'fault':
        return injectFault(core, command.fault)
      default:
        return assertNever(command)
    }
  }

  const execute = (command: TrainerCommand): TrainerResult => {
    if (piece !== null && !STANDSTILL.has(command.type))
      return rejected('COMMAND_PRECONDITION', `${command.type} waits for the end of the tick`, null)
    const place = { position, ...(piece === null ? {} : { piece }), step: counters.step }
    if (command.type !== 'noop') log.push({ ...place, command: structuredClone(command) })
    return run(command)
  }

  return {
    get step() {
      return counters.step
    },
    get tick() {
      return counters.tick
    },
    layerIds,
    seedsPerLayer: config.seedsPerLayer,
    get halted() {
      return isStanding(core)
    },
    isHeld: (layer) => core.held[layer] === 1,
    get faultActive() {
      return core.faults.length > 0
    },
    runStep,
    seedColumns: (layer) => columnOf(seedColumns, layer),
    layerColumns: (layer) => columnOf(layerColumns, layer),
    execute,
    injectFault: (fault) => execute({ type: 'fault', fault, correlationId: null }),
    halt: () => void execute({ type: 'halt', correlationId: null }),
    resume: () => void execute({ type: 'resume', correlationId: null }),
    drainEvents: () => core.events.drain(),
    saveCheckpoint() {
      log.push({ position, step: counters.step, command: { type: 'checkpoint_save', correlationId: null } })
      return saveCheckpoint(null)
    },
    checkpointBytes: (checkpointId) => store.bytes(checkpointId),
    importCheckpoint(bytes) {
      const { header, snapshot } = decodeCheckpoint(core, bytes)
      const info = store.add(header.checkpointId, bytes.slice(), snapshot.step, snapshot.tick)
      core.emit({
        kind: 'checkpoint',
        action: 'imported',
        checkpointId: info.checkpointId,
        bytes: info.bytes,
        sha256: info.sha256,
      })
      return info
    },
    restoreCheckpoint: (checkpointId, mode) =>
      execute({ type: 'checkpoint_restore', checkpointId, mode, correlationId: null }),
    hash: () => ({ weights: hashWeights(core), events: core.events.chain }),
    describe: () => describeTrainer(core),
    commandLog: () => log,
    evaluate: (split, seedsOff = false) => evaluateSplit(core, dataset[split], seedsOff ? noAlphas : core.alphas, null),
  }
}

function columnOf(columns: readonly Float32Array[], layer: number): Float32Array {
  const found = columns[layer]
  if (!found) throw new AppError('STATE_NOT_FOUND', `there is no layer number ${layer}`)
  return found
}

function injectFault(core: TrainerCore, fault: FaultRequest): TrainerResult {
  if (!core.config.faultsAllowed) {
    return rejected('COMMAND_PRECONDITION', 'this run does not allow fault injection', null)
  }
  let seed = null
  if ('layerId' in fault) {
    seed = findSeed(core, fault.layerId, fault.seedId)
    if (!seed) return noSuchSeed(fault.layerId, fault.seedId)
  }
  const answer = startFault(core, fault, seed)
  return answer.ok ? applied(answer.text, seed) : rejected('COMMAND_PRECONDITION', answer.text, seed)
}
