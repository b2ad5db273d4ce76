/*
 * auditSearch: finds entries by a query: newest first, a stretch of the log at a time, within a time that a reader waits for.
 * In: terms of lib/contracts/auditQuery.ts, a cursor. Out: numbers of entries; counts by facet; values of a token.
 * Invariant: the same answer on both dialects; no question runs over the whole log in one statement; what was not looked at is said.
 * Source: docs/audit.md "query language".
 */
import { sql, type RawBuilder } from 'kysely'
import {
  parseLevel,
  parseSeed,
  resolveMoment,
  type AuditTerm,
  type AuditTokenName,
} from '../../lib/contracts/auditQuery.ts'
import type { AUDIT_FACETS } from '../../lib/contracts/httpAudit.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'

export type FacetName = (typeof AUDIT_FACETS)[number]

export interface Stretch {
  /** Entries after this one only; -1 for all. */
  readonly after: number
  /** Entries before this one only. */
  readonly before: number
}

export interface Found {
  readonly seqs: readonly number[]
  /** Everything from here to before `before` was looked at. */
  readonly lookedTo: number
  /** The oldest end of the stretch was reached. */
  readonly ended: boolean
}

export interface AuditSearch {
  /** Numbers of at most `limit` entries that match, newest first. */
  find(terms: readonly AuditTerm[], stretch: Stretch, limit: number): Promise<Found>
  /** Counts over the newest entries that match. */
  count(terms: readonly AuditTerm[], size: number): Promise<FacetCounts>
  /** Values of a column that begin so, most frequent first, among the newest entries. */
  values(token: AuditTokenName, begins: string, size: number): Promise<readonly FacetCount[]>
}

export interface FacetCount {
  readonly value: string
  readonly count: number
}
export interface FacetCounts {
  readonly facets: Readonly<Record<FacetName, readonly FacetCount[]>>
  readonly counted: number
  readonly more: boolean
}

export interface AuditSearchOptions {
  readonly records: Pick<Records, 'db' | 'dialect'>
  readonly clock: Clock
  /** Ids of people of this name. */
  readonly idsOfName: (name: string) => Promise<readonly string[]>
}

/** Stretches grow from the first to the last, so that what is frequent is found at once and what is rare in few steps. */
const FIRST_STRETCH = 4_096
const LAST_STRETCH = 32_768
/** After this a reader gets what was found and how far was looked; the next page goes on from there. */
const PAGE_MS = 150
const FACET_MS = 400
export const FACET_ENTRIES = 10_000
const FACET_VALUES = 50

type Condition = RawBuilder<unknown>

/** Columns with an index, the most selective first: one of them leads, the others only filter. */
const LEADERS = ['object_id', 'actor_id', 'layer_id', 'action', 'outcome'] as const
const COLUMNS: Readonly<Partial<Record<AuditTokenName, string>>> = {
  actor: 'actor_id',
  action: 'action',
  object: 'object_id',
  outcome: 'outcome',
  layer: 'layer_id',
  error: 'error_code',
}
const FACET_COLUMNS: Readonly<Record<FacetName, string>> = {
  actor: 'actor_id',
  action: 'action',
  object: 'object_type',
  outcome: 'outcome',
  layer: 'layer_id',
}

/** Creates the search over the index. */
export function createAuditSearch({ records, clock, idsOfName }: AuditSearchOptions): AuditSearch {
  const { db, dialect } = records
  const isSqlite = dialect.name === 'sqlite'
  const column = (name: string) => sql.ref(name)
  /** A column whose index is not used here: without statistics the engine would take any of them to lead. */
  const plain = (name: string) => (isSqlite ? sql`+${column(name)}` : column(name))
  const contains = (text: string): Condition =>
    isSqlite ? sql`instr(text, ${text}) > 0` : sql`strpos(text, ${text}) > 0`
  const begins = (name: string, text: string): Condition =>
    sql`substr(${column(name)}, 1, ${sql.lit(text.length)}) = ${text}`
  const any = (conditions: readonly Condition[]): Condition => sql`(${sql.join(conditions, sql` or `)})`

  /** Entries of a thread or command, by the index that the entries themselves have. */
  const linked = (name: 'command_id' | 'correlation_id', values: readonly string[], negated: boolean): Condition => {
    if (negated) return sql`coalesce(${column(name)}, '') not in (${sql.join(values)})`
    return sql`seq in (select seq from audit_entries where ${column(name)} in (${sql.join(values)}))`
  }

  const conditionOf = async (term: AuditTerm): Promise<{ readonly leads?: string; readonly is: Condition }> => {
    const { token, negated, values } = term
    const not = (is: Condition): Condition => (negated ? sql`not (${is})` : is)
    if (token === null) return { is: not(contains(values[0]!.text.toLowerCase())) }
    switch (token) {
      case 'command':
        return {
          is: linked(
            'command_id',
            values.map(({ text }) => text),
            negated,
          ),
        }
      case 'correlation':
        return {
          is: linked(
            'correlation_id',
            values.map(({ text }) => text),
            negated,
          ),
        }
      case 'seed': {
        const each = values.map(({ text }) => {
          const { layer, seed } = parseSeed(text)!
          return layer === null
            ? sql`coalesce(seed_id, -1) = ${seed}`
            : sql`(coalesce(seed_id, -1) = ${seed} and coalesce(${plain('layer_id')}, '') = ${layer})`
        })
        return { is: not(any(each)) }
      }
      case 'level': {
        const { op, level } = parseLevel(values[0]!.text)!
        return { is: sql`level is not null and level ${sql.raw(op)} ${level}` }
      }
      case 'object': {
        const whole = values.every(({ prefix, text }) => !prefix && !/^[A-Z]/.test(text))
        if (!negated && values.length === 1 && whole)
          return { leads: 'object_id', is: sql`${column('object_id')} = ${values[0]!.text}` }
        const each = values.flatMap(({ text, prefix }) =>
          prefix
            ? [begins('object_id', text), begins('object_type', text)]
            : [sql`${plain('object_id')} = ${text}`, sql`object_type = ${text}`],
        )
        return { is: not(any(each)) }
      }
      case 'actor':
      case 'action':
      case 'outcome':
      case 'layer':
      case 'error': {
        const name = COLUMNS[token]!
        const named = token === 'actor' ? await actorValues(values) : values
        const [only] = named
        if (!negated && named.length === 1 && !only!.prefix && token !== 'error')
          return { leads: name, is: sql`${column(name)} = ${only!.text}` }
        const filled = name === 'layer_id' || name === 'error_code' ? sql`coalesce(${plain(name)}, '')` : plain(name)
        const each = named.map(({ text, prefix }) => (prefix ? begins(name, text) : sql`${filled} = ${text}`))
        return { is: not(any(each)) }
      }
      case 'before':
      case 'after':
      case 'at':
        // Bounds of the stretch, see `bounded`.
        return { is: sql`1 = 1` }
    }
  }

  /** A name stands for the ids of who has it now. */
  const actorValues = async (values: AuditTerm['values']): Promise<AuditTerm['values']> => {
    const all = await Promise.all(
      values.map(async (value) => {
        if (value.prefix) return [value]
        const ids = await idsOfName(value.text)
        return [value, ...ids.map((text) => ({ text, prefix: false }))]
      }),
    )
    const found = all.flat()
    // One person by name is one value: their id.
    return values.length === 1 && found.length === 2 ? found.slice(1) : found
  }

  const where = async (terms: readonly AuditTerm[]): Promise<Condition> => {
    const all = await Promise.all(terms.map(conditionOf))
    const leader = LEADERS.find((name) => all.some(({ leads }) => leads === name))
    const conditions = all.map(({ leads, is }, at) => {
      if (leads === undefined || leads === leader) return is
      const value = leads === 'actor_id' ? null : terms[at]!.values[0]!.text
      return value === null || !isSqlite ? is : sql`${plain(leads)} = ${value}`
    })
    return conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` and `)
  }

  /** First entry whose time, as far as the log had come, is at `ms` or later; null when there is none. */
  const firstFrom = async (ms: number): Promise<number | null> => {
    const row = await db
      .selectFrom('audit_index')
      .select('seq')
      .where('order_ms', '>=', Math.ceil(ms))
      .orderBy('order_ms')
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst()
    return row?.seq ?? null
  }

  /** What the moments of a query leave of a stretch: they go by the order of the log. */
  const bounded = async (terms: readonly AuditTerm[], { after, before }: Stretch): Promise<Stretch> => {
    let [low, high] = [after, before]
    for (const { token, values } of terms) {
      if (token !== 'before' && token !== 'after' && token !== 'at') continue
      const { fromMs, toMs } = resolveMoment(values[0]!.text, clock.wallMs())!
      if (token !== 'before') low = Math.max(low, ((await firstFrom(fromMs)) ?? high) - 1)
      if (token === 'before') high = Math.min(high, (await firstFrom(fromMs)) ?? high)
      if (token === 'at') high = Math.min(high, (await firstFrom(toMs)) ?? high)
    }
    return { after: low, before: high }
  }

  /** Goes from the newest end of the stretch to the oldest, until `take` has enough or the time is over. */
  const walk = async (
    { after, before }: Stretch,
    withinMs: number,
    take: (low: number, high: number) => Promise<{ readonly enough: boolean; readonly lookedTo?: number }>,
  ): Promise<{ readonly lookedTo: number; readonly ended: boolean }> => {
    const startMs = clock.monotonicMs()
    let high = before
    for (let width = FIRST_STRETCH; high > after + 1; width = Math.min(LAST_STRETCH, width * 2)) {
      const low = Math.max(after, high - 1 - width)
      const { enough, lookedTo } = await take(low, high)
      high = lookedTo ?? low + 1
      if (enough || clock.monotonicMs() - startMs > withinMs) break
    }
    return { lookedTo: high, ended: high <= after + 1 }
  }

  return {
    async find(terms, stretch, limit) {
      const [is, bounds] = await Promise.all([where(terms), bounded(terms, stretch)])
      const seqs: number[] = []
      const { lookedTo, ended } = await walk(bounds, PAGE_MS, async (low, high) => {
        const { rows } = await sql<{ seq: number }>`
          select seq from audit_index where seq > ${low} and seq < ${high} and ${is}
          order by seq desc limit ${sql.lit(limit - seqs.length)}`.execute(db)
        seqs.push(...rows.map(({ seq }) => Number(seq)))
        return seqs.length >= limit ? { enough: true, lookedTo: seqs.at(-1)! } : { enough: false }
      })
      // What lies before the bounds of its moments does not match either.
      return { seqs, lookedTo: ended ? stretch.after + 1 : lookedTo, ended }
    },
    async count(terms, size) {
      const [is, bounds] = await Promise.all([where(terms), bounded(terms, { after: -1, before: size })])
      const sums = Object.fromEntries(
        Object.keys(FACET_COLUMNS).map((name) => [name, new Map<string, number>()]),
      ) as Record<FacetName, Map<string, number>>
      let counted = 0
      const { ended } = await walk(bounds, FACET_MS, async (low, high) => {
        const left = FACET_ENTRIES - counted
        const hits = sql`select seq, ${sql.join(Object.values(FACET_COLUMNS).map(column))} from audit_index
          where seq > ${low} and seq < ${high} and ${is} order by seq desc limit ${sql.lit(left)}`
        const groups = Object.entries(FACET_COLUMNS).map(
          ([facet, name]) =>
            sql`select ${sql.lit(facet)} as facet, ${column(name)} as value, count(*) as n, min(seq) as oldest from hits group by ${column(name)}`,
        )
        const { rows } = await sql<{ facet: FacetName; value: string | null; n: number; oldest: number }>`
          with hits as materialized (${hits}) ${sql.join(groups, sql` union all `)}`.execute(db)
        let here = 0
        let oldest = high
        for (const { facet, value, n, oldest: first } of rows) {
          if (facet === 'outcome') here += Number(n)
          oldest = Math.min(oldest, Number(first))
          if (value !== null) sums[facet].set(value, (sums[facet].get(value) ?? 0) + Number(n))
        }
        counted += here
        return here >= left ? { enough: true, lookedTo: oldest } : { enough: false }
      })
      const facets = Object.fromEntries(
        Object.entries(sums).map(([name, values]) => [
          name,
          [...values]
            .map(([value, count]) => ({ value, count }))
            .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
            .slice(0, FACET_VALUES),
        ]),
      ) as unknown as FacetCounts['facets']
      return { facets, counted, more: !ended }
    },
    async values(token, text, size) {
      const name = token === 'object' ? 'object_type' : COLUMNS[token]
      if (name === undefined) return []
      const { rows } = await sql<{ value: string; n: number }>`
        select value, count(*) as n from (
          select ${column(name)} as value from audit_index where seq < ${size} order by seq desc limit ${sql.lit(FACET_ENTRIES)}
        ) as newest
        where value is not null and substr(value, 1, ${sql.lit(text.length)}) = ${text}
        group by value order by n desc, value limit ${sql.lit(FACET_VALUES)}`.execute(db)
      return rows.map(({ value, n }) => ({ value, count: Number(n) }))
    },
  }
}
