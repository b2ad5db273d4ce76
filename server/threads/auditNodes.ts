/*
 * auditNodes: acts of the audit trail that change what is judged, by whom, or whether anything runs, as nodes of the index.
 * In: a draft and the number it got. Out: a node, or nothing for acts that are told by their own rooms or change nothing.
 * Invariant: pure; what was denied changed nothing and is no change.
 * Source: docs/audit.md; docs/protocol.md "threads".
 */
import type { AuditDraft } from '../audit/auditDraft.ts'
import { ORDER } from './recordNodes.ts'
import type { NodeDraft } from './threadNode.ts'

/** Rooms whose acts are settings; limits, commands, stops and alerts are told by their own rooms. */
const SETTINGS = /^(rule|person|token|flag|retention|channel|baseline|control)\./

function textOf({ action, object, reason }: AuditDraft): string {
  const said = reason === null || reason === undefined || reason === '' ? '' : `: ${reason}`
  return `${action.replaceAll(/[.-]/g, ' ')} ${object.type} ${object.id}${said}`
}

/** Translates one act. */
export function nodeOfAct(draft: AuditDraft, seq: number, nowMs: number): NodeDraft | null {
  const shared = { atMs: nowMs, ord: ORDER.rest, correlationId: draft.correlationId ?? null, isChange: true } as const
  if (draft.action === 'server.start')
    return {
      ...shared,
      id: `audit ${seq}`,
      kind: 'incident',
      text: 'this server started',
      by: 'SERVER_START',
      tone: 'warn',
    }
  if (draft.outcome !== 'done' || !SETTINGS.test(draft.action)) return null
  return { ...shared, id: `audit ${seq} ${nowMs}`, kind: 'change', text: textOf(draft), by: draft.actor.id }
}
