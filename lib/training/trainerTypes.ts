/*
 * The shapes that cross the trainer's door: configuration, commands, results, events, faults and the self-description.
 * In: plain data from an agent or a test. Out: plain data; nothing here holds a reference into the trainer.
 * Invariant: unmeasured is null here and NaN in columns, never 0; wall clock appears in no type that decides anything.
 * Source: seed-design.md 2.2-2.4; docs/training.md.
 */
import type { SeedState } from '../contracts/lifecycle.ts'
import type { GuardReading } from '../contracts/liveRecords.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'

export type { GuardReading, SeedState }

/** Names the six blueprints; the table with sizes and notes is in blueprints.ts. */
export type BlueprintId = 'affine' | 'low_rank' | 'mlp' | 'residual_mlp' | 'gated' | 'bypass_mlp'

/** Names the alpha rules that run. Aliases (immediate, gradual, safe) are mapped by parseStrategy in grafting.ts. */
export type StrategyId = 'linear' | 'drift_controlled' | 'momentum' | 'adaptive' | 'stability'

export type TriggeredBy = 'policy' | 'operator' | 'guard' | 'governor'

/** Compare-and-set: the command is refused with COMMAND_PRECONDITION when the seed is elsewhere. */
export interface Expectation {
  readonly fromState?: SeedState
  readonly generation?: number
}

interface CommandBase {
  /** Copied into the events the command causes; never part of a hash. */
  readonly correlationId: string | null
}

export interface TransitionCommand extends CommandBase {
  readonly type: 'transition'
  readonly layerId: string
  readonly seedId: number
  readonly targetState: SeedState
  readonly reason: string
  readonly triggeredBy: 'policy' | 'operator'
  /** Skips time and quality guards; never the edge table, never the non-finite guard. */
  readonly force: boolean
  readonly expect: Expectation | null
  /** For GERMINATED: the recipe (default bypass_mlp) and the alpha rule (default linear). */
  readonly blueprintId?: string
  readonly graftingStrategy?: string
  /** Length of the alpha ramp, 1..1000 ticks. */
  readonly rampTicks?: number
  /** For ROLLED_BACK: also restores the weights of this checkpoint. */
  readonly checkpointId?: string
}

export interface BlueprintCommand extends CommandBase {
  readonly type: 'blueprint'
  readonly layerId: string
  readonly seedId: number
  readonly blueprintId: string
  readonly graftingStrategy: string
  readonly rampTicks?: number
  readonly triggeredBy: 'policy' | 'operator'
  readonly expect: Expectation | null
}

export interface CheckpointSaveCommand extends CommandBase {
  readonly type: 'checkpoint_save'
}

export interface CheckpointRestoreCommand extends CommandBase {
  readonly type: 'checkpoint_restore'
  readonly checkpointId: string
  /**
   * `weights`: host and surviving modules go back, counters and random streams run on, seeds in 3..6 become ROLLED_BACK.
   * `exact`: everything goes back, the step counter too; meant for a process that starts from a file.
   */
  readonly mode: 'weights' | 'exact'
}

/** Freezes alpha and module updates of one seed, one layer (seedId null) or all (layerId null). The host goes on. */
export interface FreezeCommand extends CommandBase {
  readonly type: 'freeze' | 'unfreeze'
  readonly layerId: string | null
  readonly seedId: number | null
}

/** Halts or resumes the optimiser; nothing is erased, halted time adds no step. */
export interface HaltCommand extends CommandBase {
  readonly type: 'halt' | 'resume'
}

/**
 * Names the layers that stand still from now on; those not named move again. A still layer keeps alpha, modules and structure as
 * they are while the host goes on; when every layer stands still no step is made at all.
 */
export interface HoldCommand extends CommandBase {
  readonly type: 'hold'
  readonly layerIds: readonly string[]
}

/** Several commands about seeds, executed in order at one place between two steps. */
export interface BatchTrainerCommand extends CommandBase {
  readonly type: 'batch'
  readonly commands: readonly (TransitionCommand | BlueprintCommand)[]
  /** All of them or none: after the first refusal everything is exactly as it was before the first command. */
  readonly atomic: boolean
  /** Not atomic: whether what comes after a refusal is still tried. */
  readonly stopOnError: boolean
}

export interface NoOpCommand extends CommandBase {
  readonly type: 'noop'
}

export interface FaultCommand extends CommandBase {
  readonly type: 'fault'
  readonly fault: FaultRequest
}

export type TrainerCommand =
  | TransitionCommand
  | BlueprintCommand
  | CheckpointSaveCommand
  | CheckpointRestoreCommand
  | FreezeCommand
  | HaltCommand
  | HoldCommand
  | BatchTrainerCommand
  | NoOpCommand
  | FaultCommand

interface FaultBase {
  /** Names this injection; repeated in its events. */
  readonly faultId: string
}

/** Every fault changes the real computation; omitted numbers take the documented default of faults.ts. */
export type FaultRequest = FaultBase &
  (
    | { readonly kind: 'lr_spike'; readonly factor?: number; readonly steps?: number }
    | { readonly kind: 'label_noise'; readonly ratio?: number; readonly steps?: number }
    | { readonly kind: 'frozen_alpha'; readonly layerId: string; readonly seedId: number; readonly ticks?: number }
    | { readonly kind: 'nan_weight'; readonly layerId: string; readonly seedId: number }
    | { readonly kind: 'dead_bias_drift'; readonly layerId: string; readonly seedId: number; readonly steps?: number }
    | { readonly kind: 'dead_bias_jump'; readonly layerId: string; readonly seedId: number }
  )
export type FaultKind = FaultRequest['kind']

export type TrainerRejectCode =
  | 'COMMAND_ILLEGAL_EDGE'
  | 'COMMAND_GUARD'
  | 'COMMAND_PRECONDITION'
  | 'COMMAND_UNSUPPORTED'
  | 'COMMAND_STOPPED'

export interface CheckpointInfo {
  readonly checkpointId: string
  readonly bytes: number
  readonly step: number
  readonly tick: number
  readonly sha256: string
}

/** What became of one command of a batch. `rolled_back`: applied, then undone with the rest. `skipped`: never tried. */
export interface BatchItem {
  readonly layerId: string
  readonly seedId: number
  readonly correlationId: string | null
  readonly status: 'applied' | 'rejected' | 'rolled_back' | 'skipped'
  readonly code: TrainerRejectCode | null
  readonly text: string
  /** State and generation of the seed when the command had been tried. */
  readonly state: SeedState | null
  readonly generation: number | null
  readonly guard: GuardReading | null
}

interface ResultBase {
  /** Of a batch: one entry per command, in their order. */
  readonly items?: readonly BatchItem[]
}

export type TrainerResult =
  | (ResultBase & {
      readonly status: 'applied'
      readonly text: string
      /** State and generation of the seed after the command; null when it is about no single seed. */
      readonly state: SeedState | null
      readonly generation: number | null
      /** Every guard that was read, with value and threshold. */
      readonly guards: readonly GuardReading[]
      readonly checkpoint: CheckpointInfo | null
    })
  | (ResultBase & {
      readonly status: 'rejected'
      readonly code: TrainerRejectCode
      /** For an operator: names value and threshold. */
      readonly text: string
      readonly state: SeedState | null
      readonly generation: number | null
      readonly guard: GuardReading | null
    })

/** Seed metrics by SEED_COLUMNS name at the moment of an event; null = unmeasured. */
export type MetricSnapshot = Readonly<Record<string, number | null>>

interface EventBase {
  /** Contiguous from 1 within the run. */
  readonly seq: number
  readonly step: number
  readonly tick: number
  readonly correlationId: string | null
}
interface SeedEventBase extends EventBase {
  readonly layerId: string
  readonly seedId: number
  readonly generation: number
}

export interface TransitionEvent extends SeedEventBase {
  readonly kind: 'transition'
  readonly fromState: SeedState
  readonly toState: SeedState
  readonly reason: string
  readonly triggeredBy: TriggeredBy
  readonly forced: boolean
  /** The deciding guard (the first of `guards`); null when the edge has none. */
  readonly guard: GuardReading | null
  readonly guards: readonly GuardReading[]
  readonly blueprintId: string | null
  readonly strategy: string | null
  readonly metrics: MetricSnapshot
}

/** At most one per seed and edge each 25 ticks; `suppressed` counts those not told since the last one. */
export interface GuardRefusedEvent extends SeedEventBase {
  readonly kind: 'guard_refused'
  readonly fromState: SeedState
  readonly toState: SeedState
  readonly guard: GuardReading | null
  readonly text: string
  readonly triggeredBy: TriggeredBy
  readonly suppressed: number
}

export interface CheckpointTrainerEvent extends EventBase {
  readonly kind: 'checkpoint'
  /** `snapshot` is the governor's own in-memory one. */
  readonly action: 'saved' | 'restored' | 'imported' | 'snapshot'
  readonly checkpointId: string
  readonly bytes: number
  readonly sha256: string | null
}

export interface FaultEvent extends EventBase {
  readonly kind: 'fault'
  /** `contained`: a guard found something non-finite, injected or not. */
  readonly phase: 'injected' | 'ended' | 'contained'
  readonly faultId: string
  readonly fault: FaultKind | 'non_finite'
  readonly layerId: string | null
  readonly seedId: number | null
  readonly text: string
}

export interface GovernorEvent extends EventBase {
  readonly kind: 'governor'
  readonly action: 'rollback'
  readonly reason: string
  readonly loss: number | null
  readonly snapshotStep: number
  readonly rolledBackSeeds: number
}

/** One paired on/off reading on the same samples. b and c are the discordant counts of McNemar's test. */
export interface CounterfactualEvent extends SeedEventBase {
  readonly kind: 'counterfactual'
  readonly blueprintId: string | null
  readonly accuracyOn: number
  readonly accuracyOff: number
  readonly lossOn: number
  readonly lossOff: number
  readonly samples: number
  readonly fromSample: number
  /** Right with the seed on, wrong with it off. */
  readonly b: number
  /** Wrong with the seed on, right with it off. */
  readonly c: number
}

export interface EvaluationEvent extends EventBase {
  readonly kind: 'evaluation'
  readonly valLoss: number | null
  readonly valAccuracy: number | null
  readonly trainLoss: number | null
  readonly trainAccuracy: number | null
  readonly parameters: number
}

export interface BlueprintTrainerEvent extends SeedEventBase {
  readonly kind: 'blueprint'
  /** `field_report` closes a life: what this recipe was worth here. */
  readonly action: 'built' | 'updated' | 'field_report'
  readonly blueprintId: string
  readonly strategy: string
  readonly parameters: number
  readonly outcome: SeedState | null
  readonly contribution: number | null
  readonly totalImprovement: number | null
  readonly ticksLived: number
}

export interface ControlEvent extends EventBase {
  readonly kind: 'control'
  readonly action: 'halted' | 'resumed' | 'frozen' | 'unfrozen'
  readonly layerId: string | null
  readonly seedId: number | null
}

export type TrainerEvent =
  | TransitionEvent
  | GuardRefusedEvent
  | CheckpointTrainerEvent
  | FaultEvent
  | GovernorEvent
  | CounterfactualEvent
  | EvaluationEvent
  | BlueprintTrainerEvent
  | ControlEvent

/** The trainer's part of the RunDescriptor; the shell adds ids, times, title and the control curve. */
export type TrainerDescription = Pick<
  RunDescriptor,
  | 'layers'
  | 'seed_columns'
  | 'layer_columns'
  | 'blueprints'
  | 'seed'
  | 'steps_per_tick'
  | 'dataset'
  | 'architecture'
  | 'host_parameters'
  | 'config'
  | 'faults_allowed'
>

/** One applied or refused command and the place where it was executed. */
export interface CommandLogEntry {
  /** Steps run since the trainer was created: unlike `step` it never goes back, so it orders a replay. */
  readonly position: number
  /** Within that step: before which piece of its evaluations, counted from 0. Not there: before the next step. */
  readonly piece?: number
  readonly step: number
  readonly command: TrainerCommand
}

export interface EvaluationReading {
  readonly loss: number
  readonly accuracy: number
}

export interface Trainer {
  readonly step: number
  readonly tick: number
  readonly layerIds: readonly string[]
  readonly seedsPerLayer: number
  /** No step is made: halted, or every layer stands still. */
  readonly halted: boolean
  /** Whether a layer stands still under a stop. */
  isHeld(layer: number): boolean
  /** True while an injected fault is at work: becomes the frame flag. */
  readonly faultActive: boolean
  /**
   * Runs one optimiser step. True when it ended a tick and the columns are fresh. False, and nothing done, while halted.
   * `between` is called before each piece of the evaluations at the end of a tick, with its number: weights and structure stand still
   * there, and a hold, halt or resume may be executed; nothing else is.
   */
  runStep(between?: (piece: number) => void): boolean
  /** [SEED_COLUMNS][seed] of one layer; the same array each time, overwritten at each tick. */
  seedColumns(layer: number): Float32Array
  /** [LAYER_COLUMNS]; steps_per_s and ring_dropped stay NaN for the shell to fill in its copy. */
  layerColumns(layer: number): Float32Array
  /** Executes between steps (at tick boundaries for whole-tick guards); exactly one result; never throws for bad input. */
  execute(command: TrainerCommand): TrainerResult
  /** Same as execute({ type: 'fault' }). */
  injectFault(fault: FaultRequest): TrainerResult
  halt(): void
  resume(): void
  /** Returns and forgets the events since the last call, in order of seq. */
  drainEvents(): TrainerEvent[]
  saveCheckpoint(): CheckpointInfo
  /** Encoded bytes of a checkpoint that is in memory; null when it has left. The caller may write them to a file. */
  checkpointBytes(checkpointId: string): Uint8Array | null
  /** Takes bytes from a file into memory. @throws CONTRACT_INVALID damaged or foreign bytes · CONTRACT_VERSION · COMMAND_PRECONDITION other configuration */
  importCheckpoint(bytes: Uint8Array): CheckpointInfo
  restoreCheckpoint(checkpointId: string, mode: 'weights' | 'exact'): TrainerResult
  /** SHA-256 of all weights, and of the event log (ids and measured times excluded). */
  hash(): { readonly weights: string; readonly events: string }
  describe(): TrainerDescription
  commandLog(): readonly CommandLogEntry[]
  /** Loss and accuracy of a whole split; with `seedsOff` every alpha is taken as 0. Changes nothing. */
  evaluate(split: 'train' | 'val' | 'test', seedsOff?: boolean): EvaluationReading
}
