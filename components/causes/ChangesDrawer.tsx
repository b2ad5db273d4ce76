/*
 * Changes drawer: what changed before a moment, the likeliest answer first, each with one line of evidence and a way to its thread.
 * In: a place with its moment. Out: a drawer at the side; a link per change.
 * Invariant: the moment stands still while it is read; nothing found is said with how far back was looked and what is kept.
 * Source: docs/ux.md "what changed".
 */
'use client'
import Link from 'next/link'
import { useEffect, useRef, useState } from 'react'
import type { ChangeItem, ChangeList } from '../../lib/contracts/httpThreads.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useApi } from '../records/useApi.ts'
import { Dialog } from '../shell/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { useRovingList } from '../ui/useRovingList.ts'
import { changesUrl, type AskedPlace } from './askedPlace.ts'
import { gapText, kindIcon, kindWord } from './causeWords.ts'
import { IndexNote } from './IndexNote.tsx'

const SPANS = [
  [60, '1 minute'],
  [600, '10 minutes'],
  [3_600, '1 hour'],
  [86_400, '1 day'],
] as const
const DEFAULT_SPAN = 600

export function ChangesDrawer({ place, onClose }: { readonly place: AskedPlace; readonly onClose: () => void }) {
  const { session } = useLive()
  // "Now" is the moment of the question, not of each look.
  const [asked] = useState<AskedPlace>(() => ({ ...place, atMs: place.atMs ?? session.client.serverNowMs() }))
  const [span, setSpan] = useState<number>(DEFAULT_SPAN)
  const answer = useApi<ChangeList>(changesUrl(asked, span), { keepWhileChanging: true })
  const { data, problem } = answer
  const where =
    asked.layerId === null
      ? 'in the whole run'
      : `for ${asked.layerId}${asked.seedId === null ? '' : `/${asked.seedId}`} first`
  return (
    <Dialog
      title={`What changed before ${formatUtc(asked.atMs ?? 0)} UTC?`}
      closeLabel="Close what changed"
      className="drawer changes"
      onClose={onClose}
    >
      <div className="dialog-row">
        <label>
          Look back{' '}
          <select value={span} onChange={(event) => setSpan(Number(event.target.value))}>
            {SPANS.map(([seconds, text]) => (
              <option key={seconds} value={seconds}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <span className="t2">{where}</span>
      </div>
      {problem !== null && (
        <p className="dialog-note tone-warn" role="alert">
          {problem.text} ({problem.code})
        </p>
      )}
      {data === null && problem === null && <div className="changes-skeleton" aria-busy="true" />}
      {data !== null && <Found data={data} onClose={onClose} />}
    </Dialog>
  )
}

function Found({ data, onClose }: { readonly data: ChangeList; readonly onClose: () => void }) {
  const { changes, gaps, of } = data
  const roving = useRovingList(changes.length)
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => list.current?.querySelector<HTMLElement>('[data-roving]')?.focus(), [])
  return (
    <ScrollRegion label="Changes, the likeliest first" className="changes-found">
      {changes.length === 0 ? (
        <p className="dialog-note t2">
          Nothing is known to have changed in the {formatAge(data.at_ms - data.from_ms)} before. Look back further, or
          at the gaps of the telemetry.
        </p>
      ) : (
        <ol ref={list} {...roving.list}>
          {changes.map((item, at) => (
            <li key={item.id}>
              <Change item={item} tabIndex={roving.tabIndex(at)} rank={at + 1} onClose={onClose} />
            </li>
          ))}
        </ol>
      )}
      {gaps.map((gap) => (
        <p key={`${gap.cause} ${gap.from_ms}`} className="cause-gap dialog-note">
          {formatUtc(gap.from_ms)} {gapText(gap)}
        </p>
      ))}
      <p className="dialog-note t3 num">
        {formatCount(changes.length)}
        {of > changes.length ? ` of ${formatCount(of)}` : ''} {of === 1 ? 'change' : 'changes'}
      </p>
      <IndexNote index={data.index} />
    </ScrollRegion>
  )
}

function Change({
  item,
  tabIndex,
  rank,
  onClose,
}: {
  readonly item: ChangeItem
  readonly tabIndex: number
  readonly rank: number
  readonly onClose: () => void
}) {
  const inside = (
    <>
      <span className="change-rank num t3">{rank}</span>
      <Icon name={kindIcon(item.kind)} size={14} />
      <span className="change-text">
        <b>{kindWord(item.kind)}</b>{' '}
        {item.layer_id !== null && (
          <span className="t2">
            {item.layer_id}
            {item.seed_id === null ? '' : `/${item.seed_id}`}{' '}
          </span>
        )}
        {item.text}
        <span className="t2 change-evidence">
          {item.evidence}
          {item.by === null ? '' : `; by ${item.by}`}
        </span>
      </span>
      <time className="num t2" dateTime={item.at}>
        {formatUtc(item.at_ms)}
      </time>
    </>
  )
  const className = `change tone-${item.tone}`
  return item.link === null ? (
    // Nothing to open: it is read like the others.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={className} data-roving tabIndex={tabIndex}>
      {inside}
    </div>
  ) : (
    <Link className={className} data-roving tabIndex={tabIndex} href={item.link} prefetch={false} onClick={onClose}>
      {inside}
    </Link>
  )
}
