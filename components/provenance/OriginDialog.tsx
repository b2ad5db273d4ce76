/*
 * Origin dialog: where one value comes from: stream, entry, producer, schema, the three times, raw or sampled, and the raw message.
 * In: which value. Out: a dialog of facts; a line to copy; a way to the raw entry.
 * Invariant: value and origin of a seed come out of one answer; what is not known is said to be not known, never left out.
 * Source: docs/ux.md "number provenance"; features A9.
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { SeedDetail } from '../../lib/contracts/httpSeed.ts'
import { formatAge, formatCount, formatWithUnit } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { PAGE_PATHS } from '../live/pageLinks.ts'
import { useApi } from '../records/useApi.ts'
import { Dialog } from '../shell/Dialog.tsx'
import { CopyValue, provenanceText, type Provenance } from '../ui/CopyValue.tsx'
import { seedProvenance } from './copySeedValue.ts'
import { RawMessage } from './RawMessage.tsx'
import type { ValueRef } from './valueRef.ts'

interface Props<V extends ValueRef> {
  readonly value: V
  readonly onClose: () => void
}
type SeedRefValue = Extract<ValueRef, { kind: 'seed' }>
type EntryRefValue = Extract<ValueRef, { kind: 'entry' }>
type Fact = readonly [name: string, text: string | null]

export function OriginDialog({ value, onClose }: Props<ValueRef>) {
  return value.kind === 'seed' ? (
    <SeedOrigin value={value} onClose={onClose} />
  ) : (
    <EntryOrigin value={value} onClose={onClose} />
  )
}

const iso = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString()
/** When the bus took an entry, from its id. */
const acceptedMs = (entryId: string | null | undefined): number | null => {
  const ms = Number(/^(\d{13})-\d+$/.exec(entryId ?? '')?.[1])
  return Number.isFinite(ms) && ms > 0 ? ms : null
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="origin-facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={text === null ? 't3' : 'mono'}>{text ?? 'not known'}</dd>
        </div>
      ))}
    </dl>
  )
}

function SeedOrigin({ value, onClose }: Props<SeedRefValue>) {
  const { session } = useLive()
  // The moment of the question: what is shown below belongs to it.
  const [shownMs] = useState(() => session.client.serverNowMs())
  const descriptor = session.store.run()?.descriptor ?? null
  const path = `/api/layers/${encodeURIComponent(value.layerId)}/seeds/${value.seedId}`
  const run = descriptor === null ? '' : `?run=${encodeURIComponent(descriptor.run_id)}`
  const { data, problem } = useApi<SeedDetail>(`${path}${run}`)
  const column = descriptor?.seed_columns.find((one) => one.name === value.metric)
  const page = `${PAGE_PATHS.seed(value)}${run}#raw`
  const reading = data?.metrics[value.metric]
  const text =
    data === null || column === undefined
      ? null
      : reading === undefined || reading.value === null
        ? 'unmeasured'
        : formatWithUnit(reading.value, column)
  const provenance: Provenance | null =
    data === null || descriptor === null
      ? null
      : { ...seedProvenance(data, descriptor, value.metric), shownMs, link: `${location.origin}${page}` }
  return (
    <Dialog
      title={`${column?.label ?? value.metric} of ${value.layerId}/${value.seedId}`}
      closeLabel="Close origin"
      className="origin"
      onClose={onClose}
    >
      {problem !== null && (
        <p className="dialog-note tone-warn" role="alert">
          {problem.text} ({problem.code})
        </p>
      )}
      <Facts
        facts={[
          ['Value', text],
          ['Meaning', column?.help ?? null],
          ['Producer', provenance?.producer ?? null],
          ['Run', data?.run_id ?? null],
          ['Step, tick', data?.step == null ? null : `${formatCount(data.step)}, ${formatCount(data.tick)}`],
          ['Stream', provenance?.stream ?? null],
          ['Entry', provenance?.entryId ?? null],
          ['Schema', provenance?.schema ?? null],
          ['Accepted by the bus', iso(acceptedMs(provenance?.entryId))],
          ['Read by this server', iso(data?.ingest_ms)],
          ['Shown', iso(shownMs)],
          ['Age when shown', data === null ? null : formatAge(data.age_ms)],
          ['Quality', provenance?.quality ?? null],
        ]}
      />
      <div className="dialog-row">
        <Link className="button-link" href={page} prefetch={false} onClick={onClose}>
          Open raw message
        </Link>
        {provenance !== null && text !== null && (
          <CopyValue value={text} provenance={provenance}>
            Copy with its origin
          </CopyValue>
        )}
      </div>
    </Dialog>
  )
}

function EntryOrigin({ value, onClose }: Props<EntryRefValue>) {
  const { session } = useLive()
  const [shownMs] = useState(() => session.client.serverNowMs())
  const run = [...session.store.log.runs.values()].find(({ descriptor }) => descriptor.run_id === value.runId)
  const provenance: Provenance = {
    metric: value.label,
    run: value.runId ?? undefined,
    step: value.step,
    atMs: value.atMs,
    shownMs,
    producer: run?.descriptor.source,
    schema: run === undefined ? undefined : `v${run.descriptor.version}`,
    stream: value.entry?.topic,
    entryId: value.entry?.entry_id,
    quality: value.quality,
  }
  const line = provenanceText(value.value, provenance)
  return (
    <Dialog title={value.label} closeLabel="Close origin" className="origin" onClose={onClose}>
      <Facts
        facts={[
          ['Value', value.value],
          ['Producer', provenance.producer ?? null],
          ['Run', value.runId],
          ['Step', value.step === null ? null : formatCount(value.step)],
          ['Stream', provenance.stream ?? null],
          ['Entry', provenance.entryId ?? null],
          ['Schema', provenance.schema ?? null],
          ['Accepted by the bus', iso(acceptedMs(provenance.entryId))],
          ['Time of the value', iso(value.atMs)],
          ['Shown', iso(shownMs)],
          ['Quality', value.quality],
        ]}
      />
      <div className="dialog-row">
        <CopyValue value={value.value} provenance={provenance}>
          <span title={line}>Copy with its origin</span>
        </CopyValue>
      </div>
      {value.entry !== null && <RawMessage entry={value.entry} />}
    </Dialog>
  )
}
