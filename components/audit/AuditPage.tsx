/*
 * Audit page: what was done, by whom, with what result: asked, grouped by thread, proved, exported.
 * In: the audit trail over HTTP; query, grouping and chosen entry of the address. Out: rows with counts beside, one entry in full.
 * Invariant: nothing moves under who reads: new entries wait behind a pill; what was not looked at is said; a break is red on top.
 * Source: docs/ux.md "pages: audit"; docs/audit.md; features F1 to F10.
 */
'use client'
import { useCallback, useRef, useState } from 'react'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useSession } from '../access/useSession.ts'
import { useTickKey } from '../live/useLiveTopic.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { auditHash, DEFAULT_AUDIT_ADDRESS, useAuditAddress } from './auditAddress.ts'
import { AuditRows } from './AuditRows.tsx'
import { AuditTools } from './AuditTools.tsx'
import { withTerm } from './auditWords.ts'
import { EntryPanel } from './EntryPanel.tsx'
import { FacetList } from './FacetList.tsx'
import { QueryBar } from './QueryBar.tsx'
import { useAuditPages, type AuditPages } from './useAuditPages.ts'
import { BreakBanner, useVerdict, VerifyChip } from './VerifyChip.tsx'

/** An answer this old is said to be old. */
const OLD_MS = 6_000

export function AuditPage() {
  const { data: session, problem } = useSession()
  const may = session?.subject.permissions ?? null
  return (
    <PageMain title="Audit">
      {may === null ? (
        <Panel
          title="Audit trail"
          state={problem === null ? 'loading' : 'error'}
          message={problem === null ? '' : `${problem.text} (${problem.code})`}
        />
      ) : may.includes('auditor') ? (
        <AuditTrail me={session?.subject.id ?? null} mayNote={may.includes('operator')} />
      ) : (
        <Panel
          title="Audit trail"
          state="empty"
          message={`The audit trail is for auditors; you are ${session?.subject.name ?? 'not signed in'} (${session?.subject.roles.join(', ') || 'no roles'}). An administrator can give you the role.`}
        />
      )}
    </PageMain>
  )
}

function AuditTrail({ me, mayNote }: { readonly me: string | null; readonly mayNote: boolean }) {
  const [address, go] = useAuditAddress()
  const [follow, setFollow] = useState(false)
  const [said, setSaid] = useState('')
  const region = useRef<HTMLElement>(null)
  const input = useRef<HTMLInputElement>(null)
  const { query, flat, entry } = address
  const pages = useAuditPages(query, follow)
  const verdict = useVerdict(true)
  const open = useCallback((seq: number) => go({ entry: seq }), []) // oxlint-disable-line react/exhaustive-deps -- go reads the address itself
  const filter = (term: string): void => go({ query: withTerm(query, term) })
  const copy = (seq: number): void => {
    const link = `${location.origin}${location.pathname}${auditHash({ ...DEFAULT_AUDIT_ADDRESS, entry: seq })}`
    const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'))
    copied.then(
      () => setSaid(`Link to entry ${seq} copied.`),
      () => setSaid(link),
    )
  }
  const { entries, problem, fresh } = pages
  return (
    <div className="audit-page">
      <BreakBanner verdict={verdict.data} onOpen={open} />
      <div className="audit-head">
        <QueryBar
          query={query}
          inputRef={input}
          onQuery={(next) => go({ query: next })}
          onLeave={() => region.current?.focus()}
        />
        <VerifyChip answer={verdict} />
      </div>
      <AuditTools
        query={query}
        flat={flat}
        follow={follow}
        me={me}
        mayNote={mayNote}
        nowMs={systemClock.wallMs()}
        onQuery={(next) => go({ query: next })}
        onFlat={(next) => go({ flat: next })}
        onFollow={setFollow}
        onNoted={pages.letIn}
      />
      <div className={entry === null ? 'audit-body' : 'audit-body with-entry'}>
        <FacetList query={query} onFilter={filter} />
        <Panel
          title="Entries"
          className="audit-list"
          hint={<Hint pages={pages} />}
          actions={
            <>
              <output className="t2">{said}</output>
              {fresh.count > 0 && (
                <button type="button" className="pill" onClick={pages.letIn}>
                  {formatCount(fresh.count)}
                  {fresh.more ? '+' : ''} new
                </button>
              )}
            </>
          }
          state={problem !== null ? 'error' : entries === null ? 'loading' : 'ready'}
          message={problem === null ? '' : `${problem.text} (${problem.code}) What was known stays below.`}
        >
          {entries !== null && entries.length === 0 && <Nothing pages={pages} query={query} />}
          {entries !== null && entries.length > 0 && (
            <AuditRows
              items={entries}
              flat={flat}
              chosen={entry}
              more={pages.more}
              region={region}
              onOpen={open}
              onFilter={filter}
              onCopy={copy}
              onSearch={() => input.current?.focus()}
              onEnd={pages.loadMore}
            />
          )}
        </Panel>
        {entry !== null && (
          <EntryPanel
            key={entry}
            seq={entry}
            onOpen={open}
            onFilter={filter}
            onCopy={copy}
            onClose={() => {
              go({ entry: null })
              region.current?.focus()
            }}
          />
        )}
      </div>
    </div>
  )
}

/** How much is there, how much of it was looked at, how old that is. */
function Hint({ pages }: { readonly pages: AuditPages }) {
  const { entries, size, indexed, lookedTo, more, atMs, isLoadingMore } = pages
  const age = (): number => (atMs === null ? 0 : systemClock.wallMs() - atMs)
  useTickKey(() => String(Math.floor(age() / 1_000)))
  if (entries === null || size === null) return null
  const parts = [
    `${formatCount(entries.length)}${more ? '+' : ''} of ${formatCount(size)} entries`,
    more && lookedTo !== null ? `looked back to ${formatCount(lookedTo)}` : null,
    isLoadingMore ? 'looking further back' : null,
    indexed !== null && indexed < size ? `${formatCount(size - indexed)} are not indexed yet and not found` : null,
    age() > OLD_MS ? `as of ${formatAge(age())} ago` : null,
  ].filter((part) => part !== null)
  return <>{parts.join(' · ')}</>
}

function Nothing({ pages, query }: { readonly pages: AuditPages; readonly query: string }) {
  if (pages.more)
    return (
      <p className="panel-note t2">
        Nothing found back to entry {pages.lookedTo === null ? '?' : formatCount(pages.lookedTo)}; looking further back.
      </p>
    )
  return (
    <p className="panel-note t2">
      {query === '' ? 'Nothing was written yet.' : 'No entry matches. Take a term away, or ask for a longer time.'}
    </p>
  )
}
