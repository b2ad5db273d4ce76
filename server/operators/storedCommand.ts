/*
 * storedCommand: everything the server keeps of one command, and what a reader is told of it.
 * In: a draft that was taken. Out: StoredCommand, its moves from state to state, the CommandRecord of the contract.
 * Invariant: a move that the table of states does not have is refused; stages are only ever added; the end is reached once.
 * Source: docs/commands.md "states".
 */
import type { CommandType, ExpectedEffect } from '../../lib/contracts/commandDraft.ts'
import type { LevelRaise } from '../../lib/contracts/commandPreview.ts'
import type { CommandStage, CommandState } from '../../lib/contracts/commandStates.ts'
import { COMMAND_EDGES, isCancellable, isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type {
  Approval,
  BulkRun,
  CommandOutcomeView,
  CommandRecord,
  EffectVerdict,
  Wave,
} from '../../lib/contracts/httpCommands.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'

export interface StoredStage {
  readonly stage: CommandStage['stage']
  readonly atMs: number
  readonly by: string
  readonly text?: string
}

/** One target of a run over many, as it was when it was confirmed. */
export interface FrozenTarget {
  readonly layerId: string
  readonly seedId: number
  readonly state: SeedState
  readonly generation: number | null
}

export interface StoredWave extends Omit<Wave, 'started_at' | 'finished_at'> {
  readonly startedMs: number | null
  readonly finishedMs: number | null
}

export interface StoredBulk {
  readonly state: BulkRun['state']
  readonly text: string
  /** Seeds for a command, layers for a resume: what the waves go over. */
  readonly list: readonly FrozenTarget[]
  readonly listHash: string
  readonly waves: readonly StoredWave[]
  readonly skipped: number
  readonly drift: BulkRun['drift']
}

/** What a target looked like when the command was taken: what compare-and-set and telemetry are held against. */
export interface Basis {
  readonly state: SeedState | null
  readonly generation: number | null
  readonly blueprint: number | null
  readonly tick: number | null
  /** For the grade of the effect. */
  readonly metric: string | null
  readonly value: number | null
  readonly siblings: number | null
}

export interface StoredCommand {
  readonly id: string
  readonly type: CommandType
  readonly state: CommandState
  readonly stages: readonly StoredStage[]
  readonly outcome: CommandOutcomeView | null
  readonly hash: string
  readonly level: number
  readonly raised: readonly LevelRaise[]
  readonly actor: string
  readonly session: string
  readonly via: CommandRecord['via']
  readonly reason: string
  readonly runId: string | null
  readonly layerId: string | null
  readonly seedId: number | null
  readonly targetState: SeedState | null
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly createdMs: number
  readonly updatedMs: number
  readonly heldUntilMs: number | null
  readonly deadlineMs: number | null
  readonly graceMs: number
  readonly approvals: readonly (Approval & { readonly session: string })[]
  readonly approval: {
    readonly needed: number
    readonly expiresMs: number
    readonly text: string
    readonly from: string | null
  } | null
  readonly attempts: number
  readonly key: string
  readonly correlationId: string
  readonly parentId: string | null
  readonly children: number
  readonly effect: ExpectedEffect | null
  readonly basis: Basis | null
  readonly verdict: EffectVerdict | null
  readonly bulk: StoredBulk | null
  readonly auditSeq: number | null
  readonly inverse: CommandRecord['inverse']
  /** Longest silence after dispatch, ms. */
  readonly timeoutMs: number
  readonly ttlMs: number
  readonly priority: 'low' | 'normal' | 'high'
}

export interface Move {
  readonly state: CommandState
  readonly stage: CommandStage['stage']
  readonly by: string
  readonly text?: string
  readonly outcome?: CommandOutcomeView
  readonly atMs: number
}

const MAX_STAGES = 64

/** Moves on; null when the table has no such move, so that a late word can not reopen what is over. */
export function moveOn(command: StoredCommand, move: Move): StoredCommand | null {
  if (command.state !== move.state && !COMMAND_EDGES[command.state].includes(move.state)) return null
  if (command.state === move.state && isFinalState(command.state)) return null
  return {
    ...addStage(command, move),
    state: move.state,
    outcome: move.outcome ?? command.outcome,
  }
}

/** Adds a moment without a move: verified, retried. */
export function addStage(command: StoredCommand, { stage, by, text, atMs }: Omit<Move, 'state'>): StoredCommand {
  const made: StoredStage = {
    stage,
    atMs,
    by,
    ...(text === undefined || text === '' ? {} : { text: text.slice(0, 2_000) }),
  }
  return {
    ...command,
    stages: [...command.stages, made].slice(-MAX_STAGES),
    updatedMs: Math.max(atMs, command.updatedMs),
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

/** How many of a run's children are where; counted by whoever knows them. */
export type ChildCounts = BulkRun['counts']

const NO_COUNTS: ChildCounts = { waiting: 0, running: 0, applied: 0, failed: 0, unknown: 0, cancelled: 0, skipped: 0 }

/** What can be done with a run over many in each of its states. */
export const BULK_ACTIONS: Readonly<Record<StoredBulk['state'], BulkRun['actions']>> = Object.freeze({
  waiting: [],
  running: ['pause', 'stop'],
  paused: ['resume', 'stop'],
  reask: ['reconfirm', 'stop'],
  halted: ['resume', 'stop', 'retry-failed'],
  stopped: [],
  done: [],
})

function bulkActions(command: StoredCommand, bulk: StoredBulk): BulkRun['actions'] {
  if (isFinalState(command.state)) return []
  return command.type === 'Resume' ? [] : [...BULK_ACTIONS[bulk.state]]
}

function toBulkRun(command: StoredCommand, bulk: StoredBulk): BulkRun {
  const sum = (of: (wave: StoredWave) => number) => bulk.waves.reduce((total, wave) => total + of(wave), 0)
  const applied = sum((wave) => wave.applied)
  const failed = sum((wave) => wave.failed)
  const unknown = sum((wave) => wave.unknown)
  const started = sum((wave) => (wave.startedMs === null ? 0 : wave.size))
  const running = Math.max(0, started - applied - failed - unknown - bulk.skipped)
  const left = Math.max(0, bulk.list.length - applied - failed - unknown - bulk.skipped - running)
  const over = ['stopped', 'done'].includes(bulk.state)
  return {
    state: bulk.state,
    text: bulk.text,
    total: bulk.list.length,
    list_hash: bulk.listHash,
    counts: {
      ...NO_COUNTS,
      waiting: over ? 0 : left,
      cancelled: over ? left + running : 0,
      running: over ? 0 : running,
      applied,
      failed,
      unknown,
      skipped: bulk.skipped,
    },
    waves: bulk.waves.map(({ startedMs, finishedMs, ...wave }) => ({
      ...wave,
      started_at: isoOrNull(startedMs),
      finished_at: isoOrNull(finishedMs),
    })),
    drift: bulk.drift,
    actions: bulkActions(command, bulk),
  }
}

/** Tells a command as the contract does. */
export function toRecord(command: StoredCommand): CommandRecord {
  const { approval } = command
  return {
    id: command.id,
    type: command.type,
    state: command.state,
    final: isFinalState(command.state),
    stages: command.stages.map(({ stage, atMs, by, text }, at) => ({
      stage,
      at: iso(atMs),
      by,
      ...(text === undefined ? {} : { text }),
      after_ms: at === 0 ? null : Math.max(0, atMs - command.stages[at - 1]!.atMs),
    })),
    outcome: command.outcome,
    hash: command.hash,
    level: command.level,
    raised: [...command.raised],
    actor: command.actor,
    via: command.via,
    reason: command.reason,
    run_id: command.runId,
    layer_id: command.layerId,
    seed_id: command.seedId,
    target_state: command.targetState,
    body: { ...command.body },
    text: command.text,
    created_at: iso(command.createdMs),
    updated_at: iso(command.updatedMs),
    held_until_ms: command.heldUntilMs,
    deadline_ms: command.deadlineMs,
    approvals: command.approvals.map(({ by, at, decision, note }) => ({ by, at, decision, note })),
    approval:
      approval === null
        ? null
        : {
            needed: approval.needed,
            given: command.approvals.filter(({ decision }) => decision === 'approve').length,
            expires_ms: approval.expiresMs,
            text: approval.text,
          },
    attempts: command.attempts,
    idempotency_key: command.key,
    correlation_id: command.correlationId,
    parent_id: command.parentId,
    children: command.children,
    expected_effect: command.effect,
    verdict: command.verdict,
    bulk: command.bulk === null ? null : toBulkRun(command, command.bulk),
    audit_seq: command.auditSeq,
    cancellable: isCancellable(command.state),
    retryable: command.state === 'UNKNOWN',
    inverse: command.inverse,
  }
}
