/*
 * AuditTools: saved questions, how rows are grouped, exports, and a note of one's own.
 * In: the query, who one is. Out: another query; files; an entry that says what somebody wants to keep.
 * Invariant: an export takes exactly the query in force, and says that it is written down; a note can not be changed afterwards.
 * Source: docs/ux.md "pages: audit"; features F2, F5, F9.
 */
'use client'
import { useState, type FormEvent } from 'react'
import type { AuditNoted } from '../../lib/contracts/httpAudit.ts'
import { askApi, problemOf } from '../records/useApi.ts'

const EVENING = 'T18:00'
const DAY_MS = 86_400_000

/** Questions that are asked often; `me` null while it is not known. */
function questions(me: string | null, nowMs: number): readonly (readonly [string, string])[] {
  const yesterday = new Date(nowMs - DAY_MS).toISOString().slice(0, 10)
  return [
    ...(me === null ? [] : [['My actions', `actor:${me}`] as const]),
    ['Stops', 'action:stop.*'],
    ['Denied', 'outcome:denied'],
    ['Level 3+', 'level:>=3'],
    ['Last night', `after:${yesterday}${EVENING}`],
  ]
}

interface Props {
  readonly query: string
  readonly flat: boolean
  readonly follow: boolean
  readonly me: string | null
  readonly mayNote: boolean
  readonly nowMs: number
  readonly onQuery: (query: string) => void
  readonly onFlat: (flat: boolean) => void
  readonly onFollow: (follow: boolean) => void
  readonly onNoted: () => void
}

export function AuditTools(props: Props) {
  const { query, flat, follow, me, nowMs } = props
  const asked = encodeURIComponent(query)
  const files: readonly (readonly [string, string, string])[] = [
    [
      'bundle',
      'Signed bundle',
      'What matches, each entry with its signature and proof, sealed; `morphoscope audit verify` checks it.',
    ],
    ['csv', 'CSV', 'What matches as a table, sealed in its last line; no cell is taken for a formula.'],
    ['log', 'The whole log', 'Every entry in its order; verified with the checkpoints and the public key.'],
  ]
  return (
    <div className="audit-tools">
      <fieldset className="audit-saved" aria-label="Saved questions">
        {questions(me, nowMs).map(([name, wanted]) => (
          <button key={name} type="button" aria-pressed={query === wanted} onClick={() => props.onQuery(wanted)}>
            {name}
          </button>
        ))}
      </fieldset>
      <button type="button" aria-pressed={!flat} onClick={() => props.onFlat(!flat)}>
        By thread
      </button>
      <button type="button" aria-pressed={follow} onClick={() => props.onFollow(!follow)}>
        Follow
      </button>
      <details className="audit-menu">
        <summary>Export</summary>
        <div className="audit-menu-body">
          <ul>
            {files.map(([format, name, text]) => (
              <li key={format}>
                <a href={`/api/audit/export?format=${format}${format === 'log' ? '' : `&query=${asked}`}`} download>
                  {name}
                </a>
                <p className="t2">{text}</p>
              </li>
            ))}
          </ul>
          <p className="t2">That it was exported, by whom and with what query, is written into the log.</p>
        </div>
      </details>
      {props.mayNote && <NoteForm onNoted={props.onNoted} />}
    </div>
  )
}

function NoteForm({ onNoted }: { readonly onNoted: () => void }) {
  const [text, setText] = useState('')
  const [said, setSaid] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    askApi<AuditNoted>('/api/audit/notes', { method: 'POST', body: { text: text.trim() } }).then(
      ({ seq }) => {
        setText('')
        setSaid(`Written as entry ${seq}.`)
        onNoted()
      },
      (error: unknown) => setSaid(problemOf(error)?.text ?? 'It was not written.'),
    )
  }
  return (
    <details className="audit-menu">
      <summary>Note</summary>
      <form className="audit-menu-body audit-note" aria-label="Note for the log" onSubmit={submit}>
        <label>
          What should be kept{' '}
          <input className="search" value={text} maxLength={2_000} onChange={(event) => setText(event.target.value)} />
        </label>
        <button type="submit" disabled={text.trim() === ''}>
          Write it
        </button>
        <p className="t2">It is signed like every entry and can not be changed or taken back.</p>
        <output>{said}</output>
      </form>
    </details>
  )
}
