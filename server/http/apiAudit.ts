/*
 * apiAudit: the answers about the audit trail: pages, counts, one entry with its proof, the verdict, exports, notes.
 * In: validated requests and who makes them. Out: plain data in the shapes of lib/contracts/httpAudit.ts; lines of exports.
 * Invariant: reads on a connection of their own, in bounded steps; whoever reads or exports is written down; nothing here decides what is
 * right: that is the verifier's.
 * Source: docs/audit.md.
 */
import { createAuditVerifier } from '../../lib/audit/auditKey.ts'
import { diffValues } from '../../lib/audit/diffValues.ts'
import { leafHash } from '../../lib/audit/merkle.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { AUDIT_OUTCOME_NAMES, parseAuditQuery, type AuditTerm } from '../../lib/contracts/auditQuery.ts'
import { AUDIT_FACETS, type AuditFacets, type AuditVerdict, type FacetValue } from '../../lib/contracts/httpAudit.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { ActRecorder } from '../audit/actRecorder.ts'
import { createAuditSearch, type FacetCount } from '../audit/auditSearch.ts'
import { readEntry, toItem } from '../audit/auditItem.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { AuditThread } from '../audit/auditThread.ts'
import { createExports } from '../audit/auditExport.ts'
import type { AuditHandle, Caller } from '../handle.ts'
import { toActor } from '../operators/subject.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { createPeopleNames } from '../audit/peopleNames.ts'

export interface AuditApiSources {
  readonly clock: Clock
  readonly audit: AuditLog
  readonly acts: ActRecorder
  /** Reads alone, beside the writer. */
  readonly reader: Records
  readonly thread: AuditThread
  readonly addressHash: (address: string) => string
  readonly newId: () => string
}

const PAGE = 100
/** A page that is open asks again and again: one look at one thing is one act for this long. */
const SAME_READ_MS = 300_000
const KEPT_READS = 2_000
const LIMITS =
  'Shows every change by somebody who has not got both the signing key and all checkpoints. It can not show what was never written, nor a lie by who holds the key, nor that entries after the newest checkpoint were cut off.'

/** Reads a query. @throws CONTRACT_INVALID saying where it is wrong and what is accepted */
export function termsOf(query: string): readonly AuditTerm[] {
  const parsed = parseAuditQuery(query)
  if (parsed.ok) return parsed.terms
  const { at, text } = parsed.problem
  throw new AppError('CONTRACT_INVALID', `query, character ${at + 1}: ${text}`, { path: 'query', at })
}

/** Creates the functions. */
export function createAuditApi(sources: AuditApiSources): AuditHandle {
  const { clock, audit, acts, reader, thread, addressHash } = sources
  const { db } = reader
  const names = createPeopleNames(reader)
  const search = createAuditSearch({ records: reader, clock, idsOfName: (name) => names.idsOf(name) })
  const verifier = createAuditVerifier(audit.publicKeyPem)
  const exports = createExports({ clock, audit, reader, thread, search, names })
  const reads = new Map<string, number>()

  const actorOf = ({ subject, address }: Caller) => toActor(subject, addressHash(address))
  const read = (caller: Caller, id: string, params: unknown): void => {
    const nowMs = clock.monotonicMs()
    const key = `${caller.subject.id} ${caller.subject.sessionId ?? ''} ${id} ${JSON.stringify(params)}`
    const atMs = reads.get(key)
    if (atMs !== undefined && nowMs - atMs < SAME_READ_MS) return
    reads.delete(key)
    reads.set(key, nowMs)
    if (reads.size > KEPT_READS) reads.delete(reads.keys().next().value!)
    acts.noted({ actor: actorOf(caller), action: 'audit.read', object: { type: 'audit', id }, outcome: 'done', params })
  }
  const rowsOf = async (seqs: readonly number[]) => {
    if (seqs.length === 0) return []
    const rows = await db
      .selectFrom('audit_entries')
      .selectAll()
      .where('seq', 'in', [...seqs])
      .execute()
    return rows.toSorted((a, b) => b.seq - a.seq)
  }
  const named = (known: ReadonlyMap<string, string>, { value, count }: FacetCount): FacetValue => ({
    value: value.slice(0, 512),
    name: known.get(value) ?? null,
    count,
  })

  const verdict = (): AuditVerdict => {
    const { state, running, verified, rootHex, atMs, exposed, anchored, wholePass, firstBad, problems } = thread.state()
    const size = audit.checkpoint().size
    return {
      state,
      running,
      verified,
      size,
      root: rootHex,
      at: atMs === null ? null : new Date(atMs).toISOString(),
      age_ms: atMs === null ? null : Math.max(0, clock.wallMs() - atMs),
      exposed,
      anchored:
        anchored === null
          ? null
          : { size: anchored.size, at: anchored.atMs === null ? null : new Date(anchored.atMs).toISOString() },
      whole_pass:
        wholePass === null
          ? null
          : { at: new Date(wholePass.atMs).toISOString(), took_ms: wholePass.tookMs, entries: wholePass.entries },
      first_bad: firstBad,
      problems: [...problems],
      limits: LIMITS,
    }
  }

  return {
    async auditPage({ query, cursor, after, limit = PAGE }, caller) {
      const startMs = clock.monotonicMs()
      const terms = termsOf(query)
      const { size } = audit.checkpoint()
      if (after === undefined && cursor === undefined) read(caller, 'entries', { query })
      const found = await search.find(terms, { after: after ?? -1, before: Math.min(cursor ?? size, size) }, limit)
      const rows = await rowsOf(found.seqs)
      const known = await names.of(rows.map((row) => row.actor_id))
      return {
        entries: rows.map((row) => toItem(row, known)),
        next: found.ended ? null : String(found.lookedTo),
        looked_to: size === 0 ? null : found.lookedTo,
        size,
        indexed: audit.indexed(),
        took_ms: clock.monotonicMs() - startMs,
      }
    },
    async auditFacets({ query }, caller) {
      const startMs = clock.monotonicMs()
      const terms = termsOf(query)
      read(caller, 'entries', { query })
      const { facets, counted, more } = await search.count(terms, audit.checkpoint().size)
      const known = await names.of(facets.actor.map(({ value }) => value))
      const answer = Object.fromEntries(
        AUDIT_FACETS.map((facet) => [facet, facets[facet].map((one) => named(known, one))]),
      ) as AuditFacets['facets']
      return { facets: answer, counted, more, took_ms: clock.monotonicMs() - startMs }
    },
    async auditSuggest({ token, begins }) {
      if (token === 'outcome')
        return {
          values: AUDIT_OUTCOME_NAMES.filter((name) => name.startsWith(begins)).map((value) => ({
            value,
            name: null,
            count: 0,
          })),
        }
      const found = await search.values(token, begins, audit.checkpoint().size)
      const known = token === 'actor' ? await names.of(found.map(({ value }) => value)) : new Map<string, string>()
      return { values: found.map((one) => named(known, one)) }
    },
    async auditEntry({ seq }, caller) {
      const [row] = await rowsOf([seq])
      if (row === undefined) throw new AppError('STATE_NOT_FOUND', `there is no entry ${seq}`, { path: 'seq' })
      read(caller, `entry ${seq}`, {})
      const known = await names.of([row.actor_id])
      const entry = readEntry(row.bytes)
      const item = toItem(row, known)
      const params = (entry?.params ?? {}) as { readonly before?: unknown; readonly after?: unknown }
      const neighbour = async (way: 'before' | 'after'): Promise<number | null> => {
        if (item.correlation_id === null) return null
        const found = await db
          .selectFrom('audit_entries')
          .select('seq')
          .where('correlation_id', '=', item.correlation_id)
          .where('seq', way === 'before' ? '<' : '>', seq)
          .orderBy('seq', way === 'before' ? 'desc' : 'asc')
          .limit(1)
          .executeTakeFirst()
        return found?.seq ?? null
      }
      const [[proof], before, after] = await Promise.all([
        thread.prove([seq], null).catch(() => [null]),
        neighbour('before'),
        neighbour('after'),
      ])
      const { verified, state } = thread.state()
      return {
        entry: item,
        text: Buffer.from(row.bytes).toString('utf8'),
        signature: Buffer.from(row.sig).toString('base64'),
        key_id: String(entry?.key_id ?? 'unknown').slice(0, 512),
        hash_holds: leafHash(row.bytes).toString('hex') === row.hash,
        signature_holds: verifier.verifyEntry(row.bytes, row.sig),
        proof:
          proof == null
            ? null
            : {
                size: proof.size,
                root: proof.rootHex,
                note: proof.note,
                hashes: [...proof.hashes],
                holds: proof.holds,
              },
        why_no_proof:
          proof != null
            ? null
            : state === 'broken'
              ? 'the trail does not hold, so nothing in it is proved: see its first wrong entry'
              : `no verified checkpoint covers it yet: ${verified} entries were looked at so far`,
        diff: typeof params === 'object' && params !== null ? diffOf(params) : [],
        thread: { before, after },
      }
    },
    auditVerdict: verdict,
    async verifyAudit(caller) {
      await audit.append({
        actor: actorOf(caller),
        action: 'audit.verify',
        object: { type: 'audit', id: 'all' },
        outcome: 'done',
      })
      thread.lookAgain()
      return { ...verdict(), running: true }
    },
    async auditExport(request, caller) {
      const terms = termsOf(request.query)
      const actor = actorOf(caller)
      const act = { action: 'audit.export', object: { type: 'audit', id: request.format }, params: request }
      await audit.append({ ...act, actor, outcome: 'intent' })
      return exports.open(request, terms, (lines, whole) =>
        acts.noted({
          ...act,
          actor,
          outcome: whole ? 'done' : 'failed',
          params: { ...request, lines },
          ...(whole ? {} : { reason: 'the reader went away before the end' }),
        }),
      )
    },
    async auditNote({ text, layer_id, seed_id, correlation_id }, caller) {
      const id = sources.newId()
      const place = {
        ...(layer_id === undefined ? {} : { layer_id }),
        ...(seed_id === undefined ? {} : { seed_id }),
      }
      return audit.append({
        actor: actorOf(caller),
        action: 'note.add',
        object: { type: 'note', id },
        outcome: 'done',
        params: place,
        reason: text,
        correlationId: correlation_id ?? id,
      })
    },
  }
}

/** What the act says it changed. */
function diffOf(params: { readonly before?: unknown; readonly after?: unknown }) {
  if (params.before === undefined && params.after === undefined) return []
  return diffValues(params.before, params.after).map(({ path, before, after }) => ({
    path: (path === '' ? 'value' : path).slice(0, 512),
    before,
    after,
  }))
}
