/*
 * FacetList: who, what, where and with what outcome, counted over the newest entries that match; a value asks for itself.
 * In: the query. Out: terms to add.
 * Invariant: what was not counted to its end says over how many it was counted; counts are unknown, never 0, when they can not be told.
 * Source: docs/ux.md "pages: audit"; features F2.
 */
'use client'
import { useState } from 'react'
import type { AuditFacets } from '../../lib/contracts/httpAudit.ts'
import { writeAuditTerm, type AuditTokenName } from '../../lib/contracts/auditQuery.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useApi } from '../records/useApi.ts'

const EVERY_MS = 15_000
const SHOWN = 8

const FACETS: readonly {
  readonly facet: keyof AuditFacets['facets']
  readonly token: AuditTokenName
  readonly title: string
}[] = [
  { facet: 'outcome', token: 'outcome', title: 'Outcome' },
  { facet: 'action', token: 'action', title: 'Act' },
  { facet: 'actor', token: 'actor', title: 'Who' },
  { facet: 'layer', token: 'layer', title: 'Layer' },
  { facet: 'object', token: 'object', title: 'On what' },
]

interface FacetProps {
  readonly title: string
  /** Null: not counted yet. */
  readonly values: AuditFacets['facets'][keyof AuditFacets['facets']] | null
  readonly onChoose: (value: string) => void
}

/** The values of one facet, the most frequent first; the rest of what was counted at a press. */
function Facet({ title, values, onChoose }: FacetProps) {
  const [whole, setWhole] = useState(false)
  const rest = Math.max(0, (values?.length ?? 0) - SHOWN)
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {values?.slice(0, whole ? undefined : SHOWN).map(({ value, name, count }) => (
          <li key={value}>
            <button type="button" className="facet" title={value} onClick={() => onChoose(value)}>
              <span className="facet-value">{name ?? value}</span>
              <span className="num t2">{formatCount(count)}</span>
            </button>
          </li>
        ))}
        {rest > 0 && (
          <li>
            <button type="button" className="link" aria-expanded={whole} onClick={() => setWhole(!whole)}>
              {whole ? 'Fewer' : `${rest} ${rest === 1 ? 'other' : 'others'}`}
            </button>
          </li>
        )}
        {values?.length === 0 && <li className="t2">none</li>}
      </ul>
    </section>
  )
}

export function FacetList({ query, onFilter }: { readonly query: string; readonly onFilter: (term: string) => void }) {
  const { data, problem } = useApi<AuditFacets>(`/api/audit/facets?query=${encodeURIComponent(query)}`, {
    everyMs: EVERY_MS,
    keepWhileChanging: true,
  })
  return (
    <aside className="audit-facets" aria-label="Counts" aria-busy={data === null && problem === null}>
      <p className="t2 audit-facets-note">
        {problem !== null
          ? `Counts: ${problem.text}`
          : data === null
            ? 'Counting'
            : data.more
              ? `of the newest ${formatCount(data.counted)} that match`
              : `of ${formatCount(data.counted)} that match`}
      </p>
      {FACETS.map(({ facet, token, title }) => (
        <Facet
          key={facet}
          title={title}
          values={data?.facets[facet] ?? null}
          onChoose={(text) => onFilter(writeAuditTerm({ token, negated: false, values: [{ text, prefix: false }] }))}
        />
      ))}
    </aside>
  )
}
