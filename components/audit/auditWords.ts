/*
 * auditWords: an entry as a sentence: who did what to what, and how it went.
 * In: entries. Out: sentences, marks and tones of outcomes, values of cells as terms of a query.
 * Invariant: a refusal never reads like a deed; an outcome has a shape and words, not only a colour.
 * Source: docs/ux.md "pages: audit"; docs/audit.md "acts".
 */
import { actWords } from '../../lib/contracts/auditActs.ts'
import { writeAuditTerm, type AuditTokenName } from '../../lib/contracts/auditQuery.ts'
import type { AuditItem } from '../../lib/contracts/httpAudit.ts'

export type AuditColumn = 'at' | 'actor' | 'action' | 'object' | 'outcome'
export const AUDIT_COLUMNS: readonly AuditColumn[] = ['at', 'actor', 'action', 'object', 'outcome']

/** Shape and tone of an outcome. */
export const OUTCOME_LOOK: Readonly<Record<AuditItem['outcome'], { readonly mark: string; readonly tone: string }>> = {
  intent: { mark: '○', tone: 't2' },
  done: { mark: '✓', tone: 't2' },
  failed: { mark: '✕', tone: 'tone-warn' },
  denied: { mark: '⊘', tone: 'tone-crit' },
  unknown: { mark: '◇', tone: 'tone-warn' },
}

/** Who acted, for people to read. */
export const whoOf = ({ actor, actor_name: name }: Pick<AuditItem, 'actor' | 'actor_name'>): string => name ?? actor

/** What an act was about. */
export function whatOf({ object, layer_id: layer, seed_id: seed }: AuditItem): string {
  const place = layer === null ? null : seed === null ? layer : `${layer}/${seed}`
  const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(object.id)
  const id = isId ? object.id.slice(0, 8) : object.id
  if (place !== null) return object.type === 'layer' || object.type === 'seed' ? place : `${object.type} on ${place}`
  return object.type === object.id || ['route', 'access', 'incident'].includes(object.type)
    ? id
    : `${object.type} ${id}`
}

const ENDINGS: Readonly<Record<AuditItem['outcome'], string>> = {
  intent: '',
  done: '',
  failed: ', which failed',
  denied: ', and was refused',
  unknown: ', with an unknown end',
}

/** The entry as a sentence, without its time. */
export function sentenceOf(item: AuditItem): string {
  const code = item.error_code === null ? '' : ` (${item.error_code})`
  const wanted = item.outcome === 'intent' && !item.action.endsWith('.intent') ? 'was about to act: ' : ''
  const ending = item.action === 'access.denied' ? '' : ENDINGS[item.outcome]
  return `${whoOf(item)} ${wanted}${actWords(item.action)} ${whatOf(item)}${ending}${code}`
}

/** Time as it stands in a row: UTC, to the second. */
export const rowTime = (at: string): string => at.slice(11, 19)
export const rowDay = (at: string): string => at.slice(0, 10)

/** The term of a query that asks for the value of this cell. */
export function termOf(item: AuditItem, column: AuditColumn): string {
  const term = (token: AuditTokenName, text: string): string =>
    writeAuditTerm({ token, negated: false, values: [{ text, prefix: false }] })
  switch (column) {
    case 'at':
      return term('at', item.at.slice(0, 16))
    case 'actor':
      return term('actor', item.actor)
    case 'action':
      return term('action', item.action)
    case 'object':
      return item.layer_id === null ? term('object', item.object.id) : term('layer', item.layer_id)
    case 'outcome':
      return term('outcome', item.outcome)
  }
}

/** Adds a term to a query, once. */
export function withTerm(query: string, term: string): string {
  return query.split(/\s+/).includes(term) ? query : `${query} ${term}`.trim()
}

/** Takes the part of a query at this place away. */
export function withoutPart(query: string, at: number, length: number): string {
  return `${query.slice(0, at)}${query.slice(at + length)}`.replace(/\s+/g, ' ').trim()
}
