/*
 * Glossary dialog: the terms in groups, searched by any word.
 * In: a term to begin at. Out: a native dialog.
 * Invariant: the term that was asked for is the first thing seen and read.
 * Source: docs/ux.md "glossary"; features H13.
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import { useLive } from '../live/LiveProvider.tsx'
import { Dialog } from '../shell/Dialog.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { glossaryTerms, searchTerms } from './glossary.ts'

export function GlossaryDialog({ term, onClose }: { readonly term: string | null; readonly onClose: () => void }) {
  const { session } = useLive()
  const [terms] = useState(() => glossaryTerms(session.store.run()?.descriptor.seed_columns))
  const [query, setQuery] = useState('')
  const asked = useRef<HTMLDivElement>(null)
  const found = searchTerms(terms, query)
  const groups = [...new Set(found.map((entry) => entry.group))]
  useEffect(() => {
    asked.current?.scrollIntoView({ block: 'start' })
    asked.current?.focus()
  }, [])
  return (
    <Dialog title="Glossary" closeLabel="Close glossary" className="glossary" onClose={onClose}>
      <div className="dialog-row">
        <input
          type="search"
          className="grow"
          aria-label="Search the glossary"
          placeholder="Search the glossary"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <output className="t3">
          {found.length} of {terms.length}
        </output>
      </div>
      <ScrollRegion label="Terms" className="glossary-terms">
        {found.length === 0 && <p className="t2">No explanation holds these words.</p>}
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {found
                .filter((entry) => entry.group === group)
                .map((entry) => (
                  <div
                    key={entry.id}
                    {...(entry.id === term ? { ref: asked, tabIndex: -1, className: 'is-asked' } : {})}
                  >
                    <dt>{entry.term}</dt>
                    <dd>
                      {entry.text}
                      {entry.facts !== '' && <small className="t3"> {entry.facts}</small>}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </ScrollRegion>
    </Dialog>
  )
}
