/*
 * stopService: the emergency stop at this server: handed to the gateway at once, everything else beside it.
 * In: a scope and who asks; stops that came another way. Out: the id of the stop, its matrix as it fills, what was cancelled by it.
 * Invariant: nothing is waited for before the gateway is called: no audit, no records, no queue, no arm, no rate; a stop that did not
 * leave is said in words at once and tried again.
 * Source: docs/commands.md "emergency stop"; docs/ux.md "emergency stop".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { GatewayStopState } from '../../lib/contracts/gatewayControl.ts'
import type { StopMatrix, StopRequest, StopScope, StopTaken } from '../../lib/contracts/httpStops.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { SYSTEM_ACTOR } from '../audit/auditDraft.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'
import type { Operator } from './caller.ts'
import type { StoredCommand } from './storedCommand.ts'
import { holdsLayer, isInForce, toMatrix, type KnownStop } from './stopMatrix.ts'

export interface StopOptions {
  readonly clock: Clock
  readonly newId: () => string
  readonly gateway: Pick<GatewayClient, 'stop' | 'stopState'>
  readonly audit: Pick<AuditLog, 'append'>
  /** Ends what is queued in scope; what it ended. */
  readonly cancelQueued: (inScope: (layerId: string) => boolean, by: string) => readonly StoredCommand[]
  /** Keeps the stop among the commands; failing is allowed. */
  readonly keep: (stop: KnownStop, caller: Operator) => Promise<void>
  /** The command of that id in the records; null when there is none. */
  readonly recordOf: (id: string) => Promise<Pick<StoredCommand, 'type' | 'body'> | null>
  readonly onProblem: (text: string) => void
}

export interface StopService {
  /** @throws GATEWAY_UNAVAILABLE saying that it was not sent */
  stop(request: StopRequest, caller: Operator): Promise<StopTaken>
  /** Sends a planned halt under the id of its command; `light`: one person lifts it. */
  pause(id: string, scope: StopScope, by: string, reason: string, light: boolean): Promise<GatewayStopState>
  matrix(id: string): Promise<StopMatrix>
  list(): readonly StopMatrix[]
  inForce(): readonly KnownStop[]
  halted(layerId: string): boolean
  setReason(id: string, reason: string, caller: Operator): Promise<StopMatrix>
  onGatewayStop(state: GatewayStopState): void
  /** Ids of pauses of a run before this one. */
  adoptPauses(ids: readonly string[]): void
  onChange(listener: (stop: KnownStop) => void): () => void
}

const KEPT = 64
const RETRY_MS = 200
const RETRY_FOR_MS = 30_000
/** Two ways of one click arrive within this. */
const SAME_MS = 60_000

/** Who stopped without this server: named as the gateway names them, audited as the gateway's word. */
function strangerOf(by: string): Operator {
  return { actor: by, session: '', via: 'cli', permissions: [], audit: SYSTEM_ACTOR }
}

/** Creates the service. */
export function createStopService(options: StopOptions): StopService {
  const { clock, gateway, audit, onProblem } = options
  const stops = new Map<string, KnownStop>()
  /** One key is one stop, also when it did not leave at first: `answer` is null then, and the id stays. */
  const byKey = new Map<
    string,
    { readonly id: string; readonly answer: Promise<StopTaken> | null; readonly atMs: number }
  >()
  const retried = new Set<string>()
  const pauses = new Set<string>()
  const listeners = new Set<(stop: KnownStop) => void>()

  const put = (stop: KnownStop): KnownStop => {
    stops.set(stop.id, stop)
    if (stops.size > KEPT)
      for (const [id, known] of stops) {
        if (stops.size <= KEPT) break
        if (!isInForce(known)) stops.delete(id)
      }
    for (const listener of listeners) listener(stop)
    return stop
  }
  const change = (id: string, part: Partial<KnownStop>): void => {
    const known = stops.get(id)
    if (known !== undefined) put({ ...known, ...part })
  }
  const warn = (id: string, text: string): void => {
    const known = stops.get(id)
    if (known !== undefined && !known.warnings.includes(text))
      put({ ...known, warnings: [...known.warnings, text].slice(-8) })
  }

  const onState = (state: GatewayStopState): void => {
    const known = stops.get(state.id)
    put({
      id: state.id,
      scope: state.scope,
      by: state.issued_by,
      atMs: state.at_ms,
      cancelled: [],
      warnings: [],
      auditSeq: null,
      ...known,
      reason: known?.reason || state.reason,
      pause: known?.pause ?? pauses.has(state.id),
      abandoned: false,
      state,
    })
    if (known === undefined && state.resumed_ms === null) void adopt(stops.get(state.id)!)
  }

  /**
   * A stop this server did not send: from the command line while the web was away, of the gateway itself, or of a run of this server
   * before this one. What the first two did not do beside stopping is done now.
   */
  const adopt = async (stop: KnownStop): Promise<void> => {
    const { id, scope, by, reason } = stop
    try {
      const record = await options.recordOf(id)
      if (record?.type === 'RunControl' && record.body['action'] === 'pause') {
        pauses.add(id)
        change(id, { pause: true })
      }
      if (record !== null) return
    } catch (error) {
      warn(id, `whether it is in the records is not known: ${(error as Error).message}`)
    }
    const caller = strangerOf(by)
    cancelIn(id, scope, by)
    await auditStop(id, { scope, reason, mode: 'freeze' }, caller)
    await options
      .keep(stops.get(id) ?? stop, caller)
      .catch((error: unknown) => warn(id, `not in the records: ${(error as Error).message}`))
  }

  const cancelIn = (
    id: string,
    scope: StopScope,
    by: string,
  ): readonly { readonly id: string; readonly text: string }[] => {
    try {
      const cancelled = options
        .cancelQueued((layerId) => scope === 'all' || scope.includes(layerId), by)
        .map((command) => ({ id: command.id, text: command.text }))
      if (cancelled.length > 0) change(id, { cancelled })
      return cancelled
    } catch (error) {
      warn(id, `queued commands could not all be cancelled: ${(error as Error).message}`)
      return []
    }
  }

  /** It did not leave: tried again by itself, because whoever pressed expects it. */
  const keepTrying = async (id: string, order: Parameters<GatewayClient['stop']>[0]): Promise<void> => {
    if (retried.has(id)) return
    retried.add(id)
    try {
      const untilMs = clock.monotonicMs() + RETRY_FOR_MS
      while (clock.monotonicMs() < untilMs) {
        await clock.sleep(RETRY_MS)
        try {
          return onState(await gateway.stop(order))
        } catch {
          // Told already; the next attempt follows.
        }
      }
    } finally {
      retried.delete(id)
    }
    change(id, { abandoned: true })
    warn(id, 'NOT SENT: the gateway did not answer for 30 s and it is not tried any more; use the command line')
  }

  const auditStop = async (id: string, { scope, reason }: StopRequest, caller: Operator): Promise<void> => {
    try {
      const { seq } = await audit.append({
        actor: caller.audit,
        action: 'stop.intent',
        object: { type: 'EmergencyStopCommand', id },
        outcome: 'intent',
        params: { scope, ...(caller.audit === SYSTEM_ACTOR ? { issued_by: caller.actor } : {}) },
        reason,
        commandId: id,
        correlationId: id,
      })
      change(id, { auditSeq: seq })
    } catch (error) {
      warn(id, `not in the audit trail: ${(error as Error).message}`)
      onProblem(`a stop could not be audited: ${(error as Error).message}`)
    }
  }

  const perform = async (request: StopRequest, caller: Operator, id: string): Promise<StopTaken> => {
    const isFirst = !stops.has(id)
    const { scope, reason } = request
    const order = { id, scope: scope === 'all' ? ('all' as const) : [...scope], issued_by: caller.actor, reason }
    // The gateway first: what follows happens while it works.
    const sent = gateway.stop(order)
    const atMs = clock.wallMs()
    if (isFirst) {
      put({
        id,
        scope,
        by: caller.actor,
        atMs,
        reason,
        state: null,
        cancelled: [],
        warnings: [],
        auditSeq: null,
        pause: false,
        abandoned: false,
      })
      void auditStop(id, request, caller)
    } else change(id, { abandoned: false })
    const cancelled = cancelIn(id, scope, caller.actor)
    if (isFirst)
      void options
        .keep(stops.get(id)!, caller)
        .catch((error: unknown) => warn(id, `not in the records: ${(error as Error).message}`))
    try {
      onState(await sent)
    } catch (error) {
      const text = `NOT SENT: ${(error as Error).message}. It is tried again for ${RETRY_FOR_MS / 1_000} s; from a shell: npx morphoscope stop`
      warn(id, text)
      void keepTrying(id, order)
      throw new AppError('GATEWAY_UNAVAILABLE', text, { stopId: id }, error)
    }
    const known = stops.get(id)!
    return {
      id,
      layers: known.state?.layers.length ?? 0,
      cancelled: cancelled.slice(0, 512).map((one) => ({ ...one })),
      warnings: [...new Set([...known.warnings, ...(known.state?.warnings ?? [])])].slice(0, 8),
    }
  }

  const find = async (id: string): Promise<KnownStop> => {
    const known = stops.get(id)
    if (known !== undefined) return known
    onState(await gateway.stopState(id))
    return stops.get(id)!
  }

  return {
    stop(request, caller) {
      const nowMs = clock.monotonicMs()
      for (const [key, { atMs }] of byKey) if (nowMs - atMs > SAME_MS) byKey.delete(key)
      // The scope belongs to it: a stop of more is never answered with one of less.
      const { scope } = request
      const key =
        request.key === undefined
          ? null
          : JSON.stringify([caller.actor, request.key, scope === 'all' ? scope : scope.toSorted()])
      const held = key === null ? undefined : byKey.get(key)
      const before = held === undefined ? undefined : stops.get(held.id)
      // One that was lifted meanwhile stops nothing any more: this is another.
      const same = before === undefined || isInForce(before) || before.abandoned ? held : undefined
      if (same?.answer) return same.answer
      // A stop that did not leave is sent again when it is asked for again, as the same stop: the gateway takes an id once.
      const id = same?.id ?? options.newId()
      const answer = perform(request, caller, id)
      if (key !== null) {
        byKey.set(key, { id, answer, atMs: nowMs })
        answer.catch(() => byKey.set(key, { id, answer: null, atMs: nowMs }))
      }
      return answer
    },
    async pause(id, scope, by, reason, light) {
      if (light) pauses.add(id)
      const state = await gateway.stop({ id, scope: scope === 'all' ? 'all' : [...scope], issued_by: by, reason })
      onState(state)
      return state
    },
    matrix: async (id) => toMatrix(await find(id)),
    list: () => [...stops.values()].toSorted((a, b) => b.atMs - a.atMs).map(toMatrix),
    inForce: () => [...stops.values()].filter(isInForce).toSorted((a, b) => b.atMs - a.atMs),
    halted: (layerId) => [...stops.values()].some((stop) => isInForce(stop) && holdsLayer(stop, layerId)),
    async setReason(id, reason, caller) {
      await find(id)
      await audit.append({
        actor: caller.audit,
        action: 'stop.reason',
        object: { type: 'EmergencyStopCommand', id },
        outcome: 'done',
        reason,
        commandId: id,
        correlationId: id,
      })
      change(id, { reason })
      return toMatrix(stops.get(id)!)
    },
    onGatewayStop: onState,
    adoptPauses: (ids) => ids.forEach((id) => pauses.add(id)),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
