/*
 * RawMessage: one entry of the bus as it lies there, opened on demand.
 * In: its place. Out: a button; the message with the result of its check, or why it can not be shown.
 * Invariant: nothing is asked before it is opened; an entry that was trimmed is said to be, not shown as empty.
 * Source: docs/ux.md "number provenance"; features A9.
 */
'use client'
import { useState } from 'react'
import type { RawEntry } from '../../lib/contracts/httpSeed.ts'
import type { EntryRef } from '../../lib/contracts/liveRecords.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useApi } from '../records/useApi.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'

export function RawMessage({ entry }: { readonly entry: EntryRef }) {
  const [open, setOpen] = useState(false)
  const query = new URLSearchParams({ topic: entry.topic, entry: entry.entry_id })
  const { data, problem } = useApi<RawEntry>(open ? `/api/entries?${query.toString()}` : null)
  return (
    <div className="raw-message">
      <button type="button" aria-expanded={open} onClick={() => setOpen((before) => !before)}>
        {open ? 'Close raw message' : 'Open raw message'}
      </button>
      {problem !== null && (
        <p className="tone-warn" role="alert">
          {problem.text} ({problem.code})
        </p>
      )}
      {open && data === null && problem === null && <p className="t3">asking the bus</p>}
      {data !== null && (
        <>
          <p className="t2">
            {data.type === '' ? 'no type' : data.type}, {formatCount(data.bytes)} bytes,{' '}
            {data.check.ok ? 'valid' : `refused: ${data.check.code} ${data.check.path ?? ''} ${data.check.text}`}
            {data.source === null
              ? ''
              : `; ${data.source.src}, epoch ${data.source.epoch ?? '?'}, number ${data.source.seq ?? '?'}`}
          </p>
          {data.content !== null && data.content !== undefined && (
            <ScrollRegion label="Raw message" className="raw-json">
              <pre>{JSON.stringify(data.content, null, 2)}</pre>
            </ScrollRegion>
          )}
        </>
      )}
    </div>
  )
}
