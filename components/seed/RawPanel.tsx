/*
 * Raw panel: the newest bus entries that concern this seed, as they lie on their streams, checked and decoded.
 * In: the seed. Out: a list; an entry opens to this seed's row and to its content; older ones on request.
 * Invariant: an entry that fails its check is shown with the failing path; what is shown is what lies there, nothing is rounded.
 * Source: features A9; docs/ux.md "pages: seed"; docs/protocol.md "entry fields".
 */
'use client'
import { useState } from 'react'
import type { RawEntry, SeedRaw } from '../../lib/contracts/httpSeed.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import type { ShownMoment } from '../live/useShownMoment.ts'
import { useApi } from '../records/useApi.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'

interface Props {
  readonly layerId: string
  readonly seedId: number
  readonly runId: string | null
  readonly moment: ShownMoment
}

const KINDS = [
  [null, 'All'],
  ['telemetry', 'Telemetry'],
  ['event', 'Events'],
  ['command', 'Commands'],
] as const
type Kind = (typeof KINDS)[number][0]
const EVERY_MS = 3_000
const LIMIT = 14

export function RawPanel({ layerId, seedId, runId, moment }: Props) {
  const [kind, setKind] = useState<Kind>(null)
  const [before, setBefore] = useState<string | null>(null)
  const [open, setOpen] = useState<string | null>(null)
  const still = before !== null || open !== null || moment.atMs !== null
  // Of the past: what the streams had by its moment, as far as they still keep it.
  const until = before ?? (moment.isPast && moment.atMs !== null ? `${moment.atMs + 1}-0` : null)
  const query = [
    `limit=${LIMIT}`,
    kind === null ? '' : `kind=${kind}`,
    until === null ? '' : `before=${until}`,
    runId === null ? '' : `run=${encodeURIComponent(runId)}`,
  ].filter(Boolean)
  const url = `/api/layers/${encodeURIComponent(layerId)}/seeds/${seedId}/raw?${query.join('&')}`
  // An open entry must not slip away under the eyes: the list stands still until it is closed.
  const { data, problem, isLoading } = useApi<SeedRaw>(url, {
    everyMs: still ? 0 : EVERY_MS,
    keepWhileChanging: true,
    era: moment.isPast ? 'past' : 'present',
  })
  const mine = data !== null && data.layer_id === layerId && data.seed_id === seedId ? data : null
  const entries = mine?.entries ?? []
  const choose = (next: Kind): void => {
    setKind(next)
    setBefore(null)
    setOpen(null)
  }
  return (
    <div id="raw" className="seed-raw" tabIndex={-1}>
      <Panel
        title="Raw entries"
        hint={
          mine === null
            ? ''
            : `newest first, of ${mine.topics.length} streams, ${formatCount(mine.looked_at)} entries looked at${moment.isPast ? ', up to the moment' : still ? ', standing still' : ''}`
        }
        state={
          mine === null
            ? problem === null
              ? 'loading'
              : 'error'
            : problem !== null
              ? 'error'
              : entries.length === 0
                ? 'empty'
                : 'ready'
        }
        message={
          problem !== null
            ? `${problem.text} (${problem.code})${mine === null ? '' : ' What was read before stays.'}`
            : 'None of the retained entries concerns this seed. Streams are trimmed: what was there once may be gone.'
        }
        actions={
          <fieldset className="segments" aria-label="Kind of entries">
            {KINDS.map(([value, label]) => (
              <button key={label} type="button" aria-pressed={kind === value} onClick={() => choose(value)}>
                {label}
              </button>
            ))}
          </fieldset>
        }
      >
        {entries.length > 0 && (
          <ul className="raw-list" aria-busy={isLoading}>
            {entries.map((entry) => {
              const key = `${entry.topic} ${entry.entry_id}`
              return (
                <Entry
                  key={key}
                  entry={entry}
                  isOpen={open === key}
                  onToggle={() => setOpen(open === key ? null : key)}
                />
              )
            })}
          </ul>
        )}
        <p className="raw-more">
          {before !== null && (
            <button
              type="button"
              onClick={() => {
                setBefore(null)
                setOpen(null)
              }}
            >
              Newest
            </button>
          )}
          {mine?.next != null && (
            <button
              type="button"
              onClick={() => {
                setBefore(mine.next)
                setOpen(null)
              }}
            >
              Older
            </button>
          )}
          {mine !== null && mine.next === null && (
            <span className="t3">This is the beginning of what is retained.</span>
          )}
        </p>
      </Panel>
    </div>
  )
}

const millis = (atMs: number): string => `${formatUtc(atMs)}.${String(Math.floor(atMs % 1_000)).padStart(3, '0')}`

/** What the entry is about, in one line. */
function summaryOf(entry: RawEntry): string {
  const content = entry.content as Readonly<Record<string, unknown>> | null
  const text = (name: string): string =>
    typeof content?.[name] === 'string' || typeof content?.[name] === 'number' ? String(content[name]) : ''
  if (!entry.check.ok)
    return `${entry.check.code}${entry.check.path === null ? '' : ` at ${entry.check.path}`}: ${entry.check.text}`
  if (text('to_state') !== '') return `${text('from_state')} to ${text('to_state')}`
  if (text('target_state') !== '') return `to ${text('target_state')}`
  if (entry.type === 'CommandOutcome') return `${text('command_type')} ${text('kind')} ${text('text')}`
  if (entry.row !== null) {
    const measured = Object.values(entry.row).filter((value) => value !== null).length
    return `${measured} of ${Object.keys(entry.row).length} metrics measured${text('tick') === '' ? '' : `, tick ${text('tick')}`}`
  }
  return text('text')
}

function Entry({
  entry,
  isOpen,
  onToggle,
}: {
  readonly entry: RawEntry
  readonly isOpen: boolean
  readonly onToggle: () => void
}) {
  return (
    <li className={entry.check.ok ? 'raw' : 'raw is-bad'}>
      <button type="button" className="raw-head" aria-expanded={isOpen} onClick={onToggle}>
        <span className="raw-mark" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        <time className="mono" dateTime={new Date(entry.at_ms).toISOString()}>
          {millis(entry.at_ms)}
        </time>
        <span className="raw-type">{entry.type === '' ? 'no type' : entry.type}</span>
        <span className="raw-sum t2">{summaryOf(entry)}</span>
        <span className={entry.check.ok ? 'raw-check' : 'raw-check tone-warn'}>
          {entry.check.ok ? (
            'valid'
          ) : (
            <>
              <Icon name="warning" size={12} /> refused
            </>
          )}
        </span>
      </button>
      {isOpen && (
        <div className="raw-body">
          <p className="t2 raw-where">
            <span className="mono">{entry.topic}</span>
            <CopyValue value={entry.entry_id} provenance={{ stream: entry.topic }}>
              <span className="mono">{entry.entry_id}</span>
            </CopyValue>
            <span>{formatCount(entry.bytes)} bytes</span>
            <span>enc {entry.enc ?? 'not told'}</span>
            {entry.source !== null && (
              <span>
                {entry.source.src}, epoch {entry.source.epoch ?? '?'}, seq {entry.source.seq ?? '?'}
              </span>
            )}
          </p>
          {entry.row !== null && <Row row={entry.row} />}
          {entry.content !== null && (
            <ScrollRegion label="Content of the entry" className="raw-json">
              <pre>{JSON.stringify(entry.content, null, 2)}</pre>
            </ScrollRegion>
          )}
        </div>
      )}
    </li>
  )
}

function Row({ row }: { readonly row: NonNullable<RawEntry['row']> }) {
  return (
    <dl className="raw-row" aria-label="The row of this seed">
      {Object.entries(row).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{value === null ? <span className="t3">unmeasured</span> : String(value)}</dd>
        </div>
      ))}
    </dl>
  )
}
