/*
 * QueryBar: the query of the audit trail: typed with suggestions, shown as chips that can be taken away.
 * In: the query in force. Out: another one, when it is understood.
 * Invariant: what is not understood is said with its place and what is accepted, and changes nothing; everything works by keys.
 * Source: docs/ux.md "pages: audit"; docs/audit.md "query language"; features F2.
 */
'use client'
import { useId, useState, type FormEvent, type KeyboardEvent, type RefObject } from 'react'
import { AUDIT_TOKENS, parseAuditQuery, writeAuditTerm } from '../../lib/contracts/auditQuery.ts'
import type { AuditSuggestions } from '../../lib/contracts/httpAudit.ts'
import { useApi } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'
import { withoutPart } from './auditWords.ts'

interface Suggestion {
  readonly insert: string
  readonly text: string
  readonly hint: string
}

const SHOWN = 8
/** Tokens whose values the server knows. */
const KNOWN_VALUES = /^-?(actor|action|object|outcome|layer|error):([^",\s]*)$/

/** The word the caret stands in, and where it begins. */
function wordAt(text: string, caret: number): { readonly from: number; readonly word: string } {
  const from = text.slice(0, caret).search(/\S*$/)
  return { from, word: text.slice(from, caret) }
}

function tokenSuggestions(word: string): readonly Suggestion[] {
  const minus = word.startsWith('-') ? '-' : ''
  const begun = word.slice(minus.length).toLowerCase()
  if (begun.includes(':')) return []
  return AUDIT_TOKENS.filter(({ name }) => name.startsWith(begun) && name !== begun).map(({ name, takes }) => ({
    insert: `${minus}${name}:`,
    text: `${minus}${name}:`,
    hint: takes,
  }))
}

function useSuggestions(word: string, open: boolean): readonly Suggestion[] {
  const value = KNOWN_VALUES.exec(word)
  const token = value?.[1] ?? null
  const url =
    open && token !== null
      ? `/api/audit/suggest?token=${token}&begins=${encodeURIComponent((value?.[2] ?? '').slice(0, 128))}`
      : null
  const { data } = useApi<AuditSuggestions>(url, { keepWhileChanging: true })
  if (!open) return []
  if (token === null) return tokenSuggestions(word).slice(0, SHOWN)
  const minus = word.startsWith('-')
  // Until the answer to this word is here the one to the word before stands: what of it does not begin so is not offered.
  const fitting = (data?.values ?? []).filter(({ value: text }) => text.startsWith(value?.[2] ?? ''))
  return fitting.slice(0, SHOWN).map(({ value: text, name, count }) => ({
    insert: `${writeAuditTerm({ token: token as 'actor', negated: minus, values: [{ text, prefix: false }] })} `,
    text,
    hint: [name, count > 0 ? count.toLocaleString('en-US') : null].filter(Boolean).join(' · '),
  }))
}

interface Props {
  readonly query: string
  readonly onQuery: (query: string) => void
  readonly inputRef: RefObject<HTMLInputElement | null>
  readonly onLeave: () => void
}

export function QueryBar({ query, onQuery, inputRef, onLeave }: Props) {
  const id = useId()
  const [draft, setDraft] = useState({ text: query, of: query })
  const [caret, setCaret] = useState(0)
  const [open, setOpen] = useState(false)
  // By what it says, not by its place: an answer that comes meanwhile moves the places.
  const [marked, setMarked] = useState<string | null>(null)
  // Another way to a query (a chip, a facet, the address) takes the draft along.
  const text = draft.of === query ? draft.text : query
  const { from, word } = wordAt(text, caret)
  const suggestions = useSuggestions(word, open)
  const at = suggestions.findIndex(({ insert }) => insert === marked)
  const parsed = parseAuditQuery(text)
  const inForce = parseAuditQuery(query)
  const isChanged = text !== query

  const write = (next: string, place: number): void => {
    setDraft({ text: next, of: query })
    setCaret(place)
    setMarked(null)
    setOpen(true)
  }
  const take = ({ insert }: Suggestion): void => {
    const next = `${text.slice(0, from)}${insert}${text.slice(caret).trimStart()}`
    const place = from + insert.length
    write(next, place)
    const input = inputRef.current
    requestAnimationFrame(() => input?.setSelectionRange(place, place))
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setOpen(false)
    if (parsed.ok) onQuery(text.trim())
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const isListed = open && suggestions.length > 0
    if (event.key === 'Escape' && open) {
      event.preventDefault()
      event.stopPropagation()
      setOpen(false)
    } else if (event.key === 'ArrowDown' && !isListed) {
      event.preventDefault()
      if (event.altKey) setOpen(true)
      else onLeave()
    } else if (isListed && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      const next = (at + step + suggestions.length + (at < 0 && step < 0 ? 1 : 0)) % suggestions.length
      setMarked(suggestions[next]!.insert)
    } else if (isListed && (event.key === 'Tab' || event.key === 'Enter') && at >= 0) {
      event.preventDefault()
      take(suggestions[at]!)
    }
  }
  return (
    <form className="audit-query" aria-label="Audit trail" onSubmit={submit}>
      <div className="audit-query-line">
        <Icon name="search" />
        <input
          ref={inputRef}
          className="search"
          type="text"
          role="combobox"
          aria-label="Query"
          aria-expanded={open && suggestions.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && at >= 0 ? `${id}-${at}` : undefined}
          aria-invalid={!parsed.ok}
          aria-describedby={`${id}-note`}
          autoComplete="off"
          spellCheck={false}
          placeholder="actor:  action:  outcome:denied  after:2h  free text  -minus"
          value={text}
          maxLength={500}
          onChange={(event) => write(event.target.value, event.target.selectionStart ?? event.target.value.length)}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
          // With terms in force the list would lie over their chips: it opens with the next key.
          onFocus={() => setOpen(text === '')}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" disabled={!parsed.ok || !isChanged}>
          Search
        </button>
        <div
          id={`${id}-list`}
          className="audit-suggestions"
          // The element of that name can not hold words beside words.
          // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
          role="listbox"
          aria-label="Suggestions"
          hidden={!open || suggestions.length === 0}
        >
          {suggestions.map((suggestion, index) => (
            // Keys reach it through the input, which says which one is chosen.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={suggestion.insert}
              id={`${id}-${index}`}
              // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              // The input keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(suggestion)}
            >
              <span className="mono">{suggestion.text}</span> <span className="t2">{suggestion.hint}</span>
            </div>
          ))}
        </div>
      </div>
      <p id={`${id}-note`} className={parsed.ok ? 'audit-query-note t2' : 'audit-query-note tone-warn'}>
        {parsed.ok ? (
          isChanged ? (
            'Enter searches.'
          ) : (
            ' '
          )
        ) : (
          <>
            Character {parsed.problem.at + 1}: {parsed.problem.text}
          </>
        )}
      </p>
      {inForce.ok && inForce.terms.length > 0 && (
        <ul className="audit-chips" aria-label="Terms of the query">
          {inForce.terms.map((term) => (
            <li key={term.at}>
              <button
                type="button"
                className="chip mono"
                title="Take this away"
                onClick={() => onQuery(withoutPart(query, term.at, term.length))}
              >
                {writeAuditTerm(term)} <span aria-hidden="true">×</span>
                <span className="visually-hidden">, take away</span>
              </button>
            </li>
          ))}
          <li>
            <button type="button" className="link" onClick={() => onQuery('')}>
              Clear
            </button>
          </li>
        </ul>
      )}
    </form>
  )
}
