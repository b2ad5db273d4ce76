/*
 * The HTTP contract of the audit trail: pages of entries, counts by facet, one entry with its proof, verification, exports, notes.
 * In: zod. Out: AUDIT_ROUTES and the shapes of their answers.
 * Invariant: an entry is given as what its signed bytes say; a count that was not counted to its end says so; nothing here is cached.
 * Source: docs/audit.md; docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { AUDIT_QUERY_LENGTH, AUDIT_TOKEN_NAMES } from './auditQuery.ts'
import { Count, NoInput, Reading } from './httpShapes.ts'
import { Finite, LayerId, LogText, Prose, SeedId } from './ids.ts'

const Text = z.string().max(512)
const Hash = z.string().regex(/^[0-9a-f]{64}$/)
const Seq = z
  .string()
  .regex(/^(0|[1-9]\d{0,14})$/, 'a number of an entry')
  .transform(Number)

export const AuditOutcome = z.enum(['intent', 'done', 'failed', 'denied', 'unknown'])

export const AuditItem = z.object({
  seq: Count,
  at: z.iso.datetime(),
  actor: Text,
  /** Name of the person now; null when there is none (any more). */
  actor_name: Text.nullable(),
  roles: z.array(Text).max(16),
  method: Text,
  action: Text,
  object: z.object({ type: Text, id: Text }),
  outcome: AuditOutcome,
  error_code: Text.nullable(),
  reason: z.string().max(2_000).nullable(),
  layer_id: Text.nullable(),
  seed_id: Count.nullable(),
  level: Count.nullable(),
  command_id: Text.nullable(),
  correlation_id: Text.nullable(),
  approvers: z.array(Text).max(16),
  /** How far the wall clock stood behind the entry before. */
  clock_back_ms: Reading,
  hash: Hash,
  prev_hash: Hash,
})
export type AuditItem = z.infer<typeof AuditItem>

export const AuditQueryText = z.string().max(AUDIT_QUERY_LENGTH).default('')

export const AuditListQuery = z.object({
  query: AuditQueryText,
  /** Of the page before. */
  cursor: Seq.optional(),
  /** Only what came after this entry: for a page that is open. */
  after: Seq.optional(),
  limit: Seq.pipe(z.int().min(1).max(500)).optional(),
})
export type AuditListQuery = z.infer<typeof AuditListQuery>

export const AuditPage = z.object({
  entries: z.array(AuditItem).max(500),
  /** Null: that was all. With no entries it only says how far was looked. */
  next: z.string().max(16).nullable(),
  /** The oldest entry that was looked at; everything from there to the first of this page is in it. */
  looked_to: Count.nullable(),
  /** Entries of the whole log. */
  size: Count,
  /** Entries that can be found already; less than `size` only while an index is rebuilt. */
  indexed: Count,
  took_ms: Finite.min(0),
})
export type AuditPage = z.infer<typeof AuditPage>

export const AUDIT_FACETS = ['actor', 'action', 'object', 'outcome', 'layer'] as const
const FacetValue = z.object({ value: Text, name: Text.nullable(), count: Count })
export type FacetValue = z.infer<typeof FacetValue>

export const AuditFacets = z.object({
  facets: z.record(z.enum(AUDIT_FACETS), z.array(FacetValue).max(50)),
  /** How many entries were counted, the newest first; `more`: there are others that were not. */
  counted: Count,
  more: z.boolean(),
  took_ms: Finite.min(0),
})
export type AuditFacets = z.infer<typeof AuditFacets>

export const AuditSuggestQuery = z.object({
  token: z.enum(AUDIT_TOKEN_NAMES),
  begins: z.string().max(128).default(''),
})
export type AuditSuggestQuery = z.infer<typeof AuditSuggestQuery>
export const AuditSuggestions = z.object({ values: z.array(FacetValue).max(50) })
export type AuditSuggestions = z.infer<typeof AuditSuggestions>

export const AuditPath = z.object({ seq: Seq })

const Difference = z.object({ path: Text, before: z.unknown(), after: z.unknown() })
export type AuditDifference = z.infer<typeof Difference>

export const AuditProof = z.object({
  /** The checkpoint: how many entries it covers, its root, its signed text. */
  size: Count,
  root: Hash,
  note: z.string().max(2_000),
  /** RFC 6962, from its sibling up. */
  hashes: z.array(Hash).max(64),
  holds: z.boolean(),
})
export type AuditProof = z.infer<typeof AuditProof>

export const AuditDetail = z.object({
  entry: AuditItem,
  /** Exactly what is hashed and signed. */
  text: z.string(),
  signature: z.string().max(128),
  key_id: Text,
  /** Looked at now: the bytes give this hash, the signature is of the key of this installation. */
  hash_holds: z.boolean(),
  signature_holds: z.boolean(),
  proof: AuditProof.nullable(),
  /** Why there is no proof yet, in words. */
  why_no_proof: Prose.nullable(),
  /** What the act changed, where it says so. */
  diff: z.array(Difference).max(200),
  /** The act before and after it in the same thread. */
  thread: z.object({ before: Count.nullable(), after: Count.nullable() }),
})
export type AuditDetail = z.infer<typeof AuditDetail>

export const AuditVerdict = z.object({
  /** `never`: not looked at since the start; `incomplete`: nothing is wrong, and the evidence is not whole. */
  state: z.enum(['never', 'verified', 'incomplete', 'broken']),
  running: z.boolean(),
  /** Entries that were looked at in the present pass, and all there are. */
  verified: Count,
  size: Count,
  root: Hash.nullable(),
  /** When it last held (or broke), and how long ago. */
  at: z.iso.datetime().nullable(),
  age_ms: Reading,
  /** Entries that no checkpoint covers yet. */
  exposed: Count,
  /** The newest checkpoint in the second file. */
  anchored: z.object({ size: Count, at: z.iso.datetime().nullable() }).nullable(),
  /** The last whole pass from the first entry on. */
  whole_pass: z.object({ at: z.iso.datetime(), took_ms: Finite, entries: Count }).nullable(),
  first_bad: z.object({ seq: Count, kind: Text, expected: Text, found: Text }).nullable(),
  /** What is missing, or why it could not be looked at. */
  problems: z.array(Prose).max(16),
  /** What such a look can show, and what it can not. */
  limits: Prose,
})
export type AuditVerdict = z.infer<typeof AuditVerdict>

export const AUDIT_EXPORT_FORMATS = ['log', 'bundle', 'csv'] as const
export const AuditExportQuery = z.object({
  query: AuditQueryText,
  format: z.enum(AUDIT_EXPORT_FORMATS).default('bundle'),
})
export type AuditExportQuery = z.infer<typeof AuditExportQuery>

export const AuditNote = z.object({
  text: LogText.min(1).max(2_000),
  layer_id: LayerId.optional(),
  seed_id: SeedId.optional(),
  /** The thread it belongs to. */
  correlation_id: LogText.max(128).optional(),
})
export type AuditNote = z.infer<typeof AuditNote>
export const AuditNoted = z.object({ seq: Count, hash: Hash })
export type AuditNoted = z.infer<typeof AuditNoted>

const JSON_TYPE = 'application/json'
const read = { method: 'GET', permission: 'auditor', params: NoInput, query: NoInput, contentType: JSON_TYPE } as const

export const AUDIT_ROUTES = Object.freeze({
  audit: {
    ...read,
    path: '/api/audit',
    summary: 'Entries that match a query, newest first.',
    query: AuditListQuery,
    output: AuditPage,
    problems: [403, 422, 503],
  },
  auditFacets: {
    ...read,
    path: '/api/audit/facets',
    summary: 'Who, what, where and with what outcome, counted over the newest entries that match.',
    query: z.object({ query: AuditQueryText }),
    output: AuditFacets,
    problems: [403, 422, 503],
  },
  auditSuggest: {
    ...read,
    path: '/api/audit/suggest',
    summary: 'Values of a token that begin so, most frequent first.',
    query: AuditSuggestQuery,
    output: AuditSuggestions,
    problems: [403, 422, 503],
  },
  auditVerify: {
    ...read,
    path: '/api/audit/verify',
    summary: 'Whether the log is what was written, as far as was looked, and how old that look is.',
    output: AuditVerdict,
    problems: [403, 503],
  },
  verifyAudit: {
    ...read,
    method: 'POST',
    path: '/api/audit/verify',
    summary: 'Looks again from the first entry on.',
    status: 202,
    output: AuditVerdict,
    problems: [403, 503],
  },
  auditExport: {
    ...read,
    path: '/api/audit/export',
    summary: 'The whole log, or what matches as a signed bundle or CSV; for `morphoscope audit verify`.',
    query: AuditExportQuery,
    output: null,
    contentType: 'application/octet-stream',
    problems: [403, 413, 422, 503],
  },
  auditNote: {
    ...read,
    method: 'POST',
    path: '/api/audit/notes',
    permission: 'operator',
    summary: 'Writes what somebody says into the log.',
    body: AuditNote,
    status: 201,
    output: AuditNoted,
    problems: [403, 413, 422, 503],
  },
  auditEntry: {
    ...read,
    path: '/api/audit/{seq}',
    summary: 'One entry: its signed text, the proof that it is in the log, what it changed.',
    params: AuditPath,
    output: AuditDetail,
    problems: [403, 404, 422, 503],
  },
} as const)
