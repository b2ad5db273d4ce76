/*
 * controlToken: one commander, others propose: who has control, who asks for it, how it changes hands.
 * In: requests of operators. Out: the token as it is, for each who asks; every change on the disk and audited.
 * Invariant: at most one holder; taking over needs a reason and is told to everybody; a stop never asks who has control.
 * Source: docs/commands.md "control"; docs/ux.md "control token".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { ControlRequest, ControlToken } from '../../lib/contracts/httpCommands.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { ControlChangeRow } from '../stores/recordsSchema.ts'
import type { Operator } from './caller.ts'

export interface ControlDesk {
  holder(): string | null
  view(actor: string): ControlToken
  /** @throws COMMAND_STATE, CONTRACT_INVALID, STATE_STORAGE */
  act(request: ControlRequest, caller: Operator): Promise<ControlToken>
  onChange(listener: () => void): () => void
}

const HISTORY = 32

interface State {
  readonly holder: string | null
  readonly sinceMs: number | null
  readonly request: { readonly by: string; readonly atMs: number; readonly reason: string } | null
}

const refuse = (text: string) => new AppError('COMMAND_STATE', text, { path: 'action' })

/** Who has it after this, and who asks; pure. @throws COMMAND_STATE, CONTRACT_INVALID */
export function nextControl(state: State, request: ControlRequest, actor: string, nowMs: number): State {
  const { holder, request: asked } = state
  const given = (to: string): State => ({ holder: to, sinceMs: nowMs, request: null })
  switch (request.action) {
    case 'take':
      if (holder === actor) throw refuse('you have control already')
      if (holder !== null) throw refuse(`${holder} has control; ask for it, or take over with a reason`)
      return given(actor)
    case 'take-over':
      if (holder === actor) throw refuse('you have control already')
      if (request.reason.trim() === '')
        throw new AppError('CONTRACT_INVALID', 'taking over needs a reason', { path: 'reason' })
      return given(actor)
    case 'request':
      if (holder === null) throw refuse('nobody has control: take it')
      if (holder === actor) throw refuse('you have control already')
      if (asked !== null && asked.by !== actor) throw refuse(`${asked.by} asks for it already`)
      return { ...state, request: { by: actor, atMs: nowMs, reason: request.reason } }
    case 'withdraw':
      if (asked?.by !== actor) throw refuse('you did not ask for control')
      return { ...state, request: null }
    case 'hand-over': {
      if (holder !== actor) throw refuse('you do not have control')
      const to = request.to ?? asked?.by
      if (to === undefined) throw new AppError('CONTRACT_INVALID', 'to whom', { path: 'to' })
      if (to === actor) throw refuse('you have control already')
      return given(to)
    }
    case 'refuse':
      if (holder !== actor) throw refuse('you do not have control')
      if (asked === null) throw refuse('nobody asks for control')
      return { ...state, request: null }
    case 'release':
      if (holder !== actor) throw refuse('you do not have control')
      return { holder: null, sinceMs: null, request: null }
  }
}

/** Opens the desk with what the disk has. A request that was open does not survive a restart. */
export async function openControlDesk({
  records,
  audit,
  clock,
}: {
  readonly records: Records
  readonly audit: AuditLog
  readonly clock: Clock
}): Promise<ControlDesk> {
  const { db } = records
  const rows = await db.selectFrom('control_changes').selectAll().orderBy('seq', 'desc').limit(HISTORY).execute()
  const history: ControlChangeRow[] = [...rows].reverse()
  const listeners = new Set<() => void>()
  const newest = history.at(-1)
  const since = history.findLast((row, at) => row.holder !== (history[at - 1]?.holder ?? null))
  let state: State = {
    holder: newest?.holder ?? null,
    sinceMs: newest?.holder === null || newest === undefined ? null : (since?.at_ms ?? newest.at_ms),
    request: null,
  }
  let turn: Promise<unknown> = Promise.resolve()

  const view = (actor: string): ControlToken => ({
    holder: state.holder,
    since: state.sinceMs === null ? null : new Date(state.sinceMs).toISOString(),
    yours: state.holder === actor,
    request:
      state.request === null
        ? null
        : { by: state.request.by, at: new Date(state.request.atMs).toISOString(), reason: state.request.reason },
    history: history
      .slice(-HISTORY)
      .reverse()
      .map((row) => ({
        at: new Date(row.at_ms).toISOString(),
        action: row.action as ControlRequest['action'],
        by: row.by_actor,
        to: row.to_actor,
        reason: row.reason,
      })),
  })

  const act = async (request: ControlRequest, caller: Operator): Promise<ControlToken> => {
    const nowMs = Math.round(clock.wallMs())
    const next = nextControl(state, request, caller.actor, nowMs)
    const row: ControlChangeRow = {
      seq: (history.at(-1)?.seq ?? 0) + 1,
      at_ms: nowMs,
      action: request.action,
      by_actor: caller.actor,
      to_actor: request.action === 'hand-over' ? next.holder : null,
      reason: request.reason,
      holder: next.holder,
    }
    await audit.append({
      actor: caller.audit,
      action: `control.${request.action}`,
      object: { type: 'control', id: 'commander' },
      outcome: 'done',
      params: { before: { holder: state.holder }, after: { holder: next.holder } },
      reason: request.reason,
    })
    await db.insertInto('control_changes').values(row).execute()
    history.push(row)
    if (history.length > HISTORY) history.shift()
    state = next
    for (const listener of listeners) listener()
    return view(caller.actor)
  }

  return {
    holder: () => state.holder,
    view,
    act(request, caller) {
      const mine = turn.then(() => act(request, caller))
      turn = mine.catch(() => undefined)
      return mine
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
