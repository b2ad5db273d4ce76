/*
 * auditedOperators: the command plane, with every refusal and every look at what would happen in the audit trail.
 * In: its functions. Out: the same functions.
 * Invariant: what a function gives or throws is not changed and not waited for; what is taken is written down by the room that takes it.
 * Source: docs/audit.md "acts"; features F8.
 */
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Act, ActRecorder } from '../audit/actRecorder.ts'
import type { Operator } from './caller.ts'
import type { OperatorsHandle } from './operatorsHandle.ts'

/** A composer asks again every few seconds: the same question of one session is one act for this long. */
const SAME_PREVIEW_MS = 60_000
const KEPT_PREVIEWS = 1_000

/** What a draft is about, without what only confirms it. */
function draftAct(action: string, draft: CommandDraft): Act {
  const { confirm: _confirm, expect: _expect, ...params } = draft as CommandDraft & { readonly expect?: unknown }
  const { layer_id, seed_id } = params as { readonly layer_id?: string; readonly seed_id?: number }
  const object =
    layer_id === undefined
      ? { type: draft.type, id: draft.type }
      : { type: draft.type, id: seed_id === undefined ? layer_id : `${layer_id}/${seed_id}` }
  return { action, object, params, reason: draft.reason, correlationId: draft.correlation_id ?? null }
}

const commandAct = (action: string, id: string, reason?: string): Act => ({
  action,
  object: { type: 'command', id },
  commandId: id,
  correlationId: id,
  ...(reason === undefined || reason === '' ? {} : { reason }),
})

/** Wraps the functions that act. */
export function auditedOperators(operators: OperatorsHandle, acts: ActRecorder, clock: Clock): OperatorsHandle {
  const previews = new Map<string, number>()
  /** Tells whether this session asked the same a moment ago. */
  const isRepeated = (caller: Operator, act: Act): boolean => {
    const key = `${caller.session} ${JSON.stringify(act.params)}`
    const nowMs = clock.monotonicMs()
    const atMs = previews.get(key)
    if (atMs !== undefined && nowMs - atMs < SAME_PREVIEW_MS) return true
    previews.delete(key)
    previews.set(key, nowMs)
    if (previews.size > KEPT_PREVIEWS) previews.delete(previews.keys().next().value!)
    return false
  }
  const watched = async <T>(caller: Operator, act: () => Act, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      acts.refused(caller.audit, act(), error)
      throw error
    }
  }
  return {
    ...operators,
    preview: (draft, caller) => {
      const act = (): Act => draftAct('command.preview', draft)
      return watched(caller, act, async () => {
        const preview = await operators.preview(draft, caller)
        const seen = act()
        if (!isRepeated(caller, seen)) acts.noted({ ...seen, actor: caller.audit, outcome: 'done' })
        return preview
      })
    },
    submit: (draft, caller, key) =>
      watched(
        caller,
        () => ({ ...draftAct('command.intent', draft), idempotencyKey: key }),
        () => operators.submit(draft, caller, key),
      ),
    approve: (id, request, caller) =>
      watched(
        caller,
        () => commandAct(request.decision === 'approve' ? 'command.approve' : 'command.refuse', id, request.note),
        () => operators.approve(id, request, caller),
      ),
    cancel: (id, request, caller) =>
      watched(
        caller,
        () => commandAct('command.cancel', id, request.reason),
        () => operators.cancel(id, request, caller),
      ),
    retry: (id, request, caller) =>
      watched(
        caller,
        () => commandAct('command.retry', id, request.reason),
        () => operators.retry(id, request, caller),
      ),
    bulk: (id, request, caller) =>
      watched(
        caller,
        () => commandAct(`bulk.${request.action}`, id, request.reason),
        () => operators.bulk(id, request, caller),
      ),
    act: (request, caller) =>
      watched(
        caller,
        () => ({
          action: `control.${request.action}`,
          object: { type: 'control', id: 'commander' },
          reason: request.reason,
        }),
        () => operators.act(request, caller),
      ),
    stop: (request, caller) =>
      watched(
        caller,
        () => ({
          action: 'stop.intent',
          object: { type: 'EmergencyStopCommand', id: 'refused' },
          params: { scope: request.scope },
          reason: request.reason,
        }),
        () => operators.stop(request, caller),
      ),
    stopReason: (id, reason, caller) =>
      watched(
        caller,
        () => commandAct('stop.reason', id, reason),
        () => operators.stopReason(id, reason, caller),
      ),
    resume: (request, caller, key) =>
      watched(
        caller,
        () => ({
          action: 'resume.intent',
          object: { type: 'Resume', id: request.stop_id },
          params: request,
          reason: request.reason,
          correlationId: request.stop_id,
        }),
        () => operators.resume(request, caller, key),
      ),
  }
}
