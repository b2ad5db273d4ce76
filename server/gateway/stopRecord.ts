/*
 * stopRecord: one emergency stop and what each layer made of it.
 * In: answers, signs of life, the time. Out: the matrix, and which layers still have to be told.
 * Invariant: a layer counts as stopped only by its own word, and as verified only by two signs of life after it that say so, with no
 * transition between; another agent for the same layer begins anew.
 * Source: docs/emergency-stop.md "the matrix".
 */
import type { GatewayPath, GatewayStopState, StopLayerState } from '../../lib/contracts/gatewayControl.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface StopRow {
  readonly layerId: string
  /** Who spoke for the layer when it answered; null before. */
  agentId: string | null
  readonly foreign: boolean
  state: Exclude<StopLayerState['state'], 'unreachable'>
  sentMs: number | null
  acceptedMs: number | null
  appliedMs: number | null
  /** Monotonic; null after a restart of the gateway. */
  appliedMonoMs: number | null
  verifiedMs: number | null
  path: GatewayPath | null
  resends: number
  tookMs: number | null
  text: string
  signs: number
  lastSignS: number
  /** Messages of before the last reset: their answers say nothing of how it stands now. */
  readonly former: ReadonlySet<string>
}

export interface StopRecord {
  readonly id: string
  readonly stopEpoch: number
  readonly scope: GatewayStopState['scope']
  readonly issuedBy: string
  readonly reason: string
  readonly atMs: number
  readonly origin: GatewayStopState['origin']
  readonly rows: Map<string, StopRow>
  readonly warnings: string[]
  /** Monotonic ms of the first sending of this start. */
  sentMonoMs: number
  resumedMs: number | null
}

const SIGNS_TO_VERIFY = 2
const FORMER = 32

/** Makes the row of a layer that was not told yet. */
export function newRow(layerId: string, foreign: boolean): StopRow {
  return {
    layerId,
    agentId: null,
    foreign,
    state: 'waiting',
    sentMs: null,
    acceptedMs: null,
    appliedMs: null,
    appliedMonoMs: null,
    verifiedMs: null,
    path: null,
    resends: 0,
    tookMs: null,
    text: '',
    signs: 0,
    lastSignS: 0,
    former: new Set(),
  }
}

/** Tells whether the layer still has to be told. */
export function isMissing({ state }: StopRow): boolean {
  return state === 'waiting' || state === 'sent' || state === 'accepted'
}

/** Tells whether a layer lies in the scope of a stop. */
export function covers(record: Pick<StopRecord, 'scope' | 'resumedMs'>, layerId: string): boolean {
  return record.resumedMs === null && (record.scope === 'all' || record.scope.includes(layerId))
}

/** Notes that a copy left. */
export function noteSent(row: StopRow, clock: Clock): void {
  if (row.sentMs === null) row.sentMs = clock.wallMs()
  else row.resends++
  if (row.foreign) row.state = 'unknown'
  else if (row.state === 'waiting') row.state = 'sent'
}

/** Takes a layer's answer; true when the row changed. */
export function noteAnswer(
  record: StopRecord,
  row: StopRow,
  outcome: CommandOutcome,
  path: GatewayPath,
  clock: Clock,
): boolean {
  if (row.state === 'applied' || row.state === 'verified' || row.state === 'resumed') return false
  if (row.former.has(outcome.command_id)) return false
  row.path ??= path
  row.acceptedMs ??= clock.wallMs()
  // "It is over" is no halt: the layer was resumed from a stop as new as this one.
  const over = outcome.details['effect'] === 'over'
  const applied =
    !over && (outcome.kind === 'applied' || (outcome.kind === 'duplicate' && outcome.details['outcome'] === 'applied'))
  if (applied) {
    row.state = 'applied'
    row.appliedMs = clock.wallMs()
    row.appliedMonoMs = clock.monotonicMs()
    row.tookMs = row.appliedMonoMs - record.sentMonoMs
    row.text = ''
    row.signs = 0
    return true
  }
  if (outcome.kind === 'accepted') row.state = 'accepted'
  else row.text = `it answered ${outcome.kind}: ${outcome.text}`.slice(0, 500)
  return true
}

/** Takes a sign of life; `atS` tells copies of one sign apart. True when the row changed. */
export function noteSign(row: StopRow, halted: boolean | null, atS: number, clock: Clock): boolean {
  if (row.state !== 'applied' || halted === null || atS <= row.lastSignS) return false
  row.lastSignS = atS
  if (!halted) {
    row.signs = 0
    return false
  }
  if (++row.signs < SIGNS_TO_VERIFY) return false
  row.state = 'verified'
  row.verifiedMs = clock.wallMs()
  return true
}

/** Begins anew: another agent speaks for the layer, or it said that it runs. `told`: the message it had, whose answers count no more. */
export function reset(row: StopRow, text: string, told: string | null): void {
  const { layerId, foreign, resends, sentMs } = row
  const former = new Set([...row.former, ...(told === null ? [] : [told])].slice(-FORMER))
  Object.assign(row, { ...newRow(layerId, foreign), resends, sentMs, state: 'sent', text, former })
}

const ORDER: readonly StopLayerState['state'][] = [
  'unreachable',
  'waiting',
  'sent',
  'unknown',
  'accepted',
  'applied',
  'verified',
  'resumed',
]

/** Tells the matrix; layers that have not confirmed come first. */
export function toStopState(record: StopRecord, isReachable: (layerId: string) => boolean): GatewayStopState {
  const layers = [...record.rows.values()].map((row): StopLayerState => {
    const lost = isMissing(row) && !isReachable(row.layerId)
    const text = lost ? 'its agent is silent: it is told again when it comes back' : row.text
    return {
      layer_id: row.layerId,
      state: lost ? 'unreachable' : row.state,
      sent_ms: row.sentMs,
      accepted_ms: row.acceptedMs,
      applied_ms: row.appliedMs,
      verified_ms: row.verifiedMs,
      path: row.path,
      resends: row.resends,
      took_ms: row.tookMs,
      text: row.foreign && text === '' ? 'a v2 layer: it was told and does not answer' : text,
    }
  })
  layers.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.layer_id.localeCompare(b.layer_id))
  const done = layers.filter(({ state }) => state === 'applied' || state === 'verified' || state === 'resumed')
  const took = done.flatMap(({ took_ms }) => (took_ms === null ? [] : [took_ms]))
  return {
    id: record.id,
    stop_epoch: record.stopEpoch,
    scope: record.scope,
    issued_by: record.issuedBy,
    reason: record.reason,
    at_ms: record.atMs,
    origin: record.origin,
    layers,
    applied: done.length,
    missing: layers.length - done.length,
    worst_ms: took.length === 0 ? null : Math.max(...took),
    warnings: record.warnings.slice(0, 8),
    resumed_ms: record.resumedMs,
  }
}

/** Makes a record of what an earlier start of the gateway wrote down. */
export function fromStopState(state: GatewayStopState): StopRecord {
  const rows = state.layers.map((layer): [string, StopRow] => {
    const row = newRow(layer.layer_id, layer.state === 'unknown')
    const resumed = layer.state === 'resumed'
    const { sent_ms: sentMs, resends } = layer
    return [layer.layer_id, Object.assign(row, { sentMs, resends, state: resumed ? 'resumed' : 'waiting' })]
  })
  return {
    id: state.id,
    stopEpoch: state.stop_epoch,
    scope: state.scope,
    issuedBy: state.issued_by,
    reason: state.reason,
    atMs: state.at_ms,
    origin: state.origin,
    rows: new Map(rows),
    warnings: [],
    sentMonoMs: Number.NaN,
    resumedMs: state.resumed_ms,
  }
}
