/*
 * Layer facts: who publishes a layer, how fresh it is, how much of its past is kept, and what happened in it last.
 * In: the layer's rows, the records of the run. Out: facts in words; events that lead to their seeds.
 * Invariant: only what was told is shown; a layer that never reported says so, and what to look at.
 * Source: docs/ux.md "pages: layer".
 */
'use client'
import Link from 'next/link'
import { useCallback } from 'react'
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { eventText, isAnsweredProbe } from '../events/eventText.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { DEFAULT_CHOICE, toHash } from '../latency/latencyChoice.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { hrefOf, PAGE_PATHS, PAGES } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { layerAgeWords } from './layerAge.ts'
import { useShownNow } from './useShownNow.ts'

const EVENTS = 12
const LATENCY = '/latency'

const pastWords = ({ past }: LayerRows): string => {
  if (past.none_because !== null) return past.none_because
  const since = past.from_ms === null ? 'nothing yet' : `since ${formatUtc(past.from_ms)} UTC`
  if (past.kept === 'ticks') return `every tick, ${since}`
  return `one picture per ${(past.bucket_ms ?? 0) / 1_000} s, the alarming end of each, ${since}`
}

/** How fresh the layer is, at this moment. */
export function LayerAge({ data }: { readonly data: LayerRows }) {
  const nowMs = useShownNow()
  const read = useCallback(() => layerAgeWords(data, nowMs()), [data, nowMs])
  return <Ticking read={read} />
}

export function LayerFacts({ data }: { readonly data: LayerRows }) {
  const state = usePageState()
  const latency = PAGES.find((page) => page.path === LATENCY)
  return (
    <dl className="layer-facts">
      <dt>Producer</dt>
      <dd className="mono">{data.producer}</dd>
      <dt>Run</dt>
      <dd className="mono">
        {data.run_id}
        {data.origin === 'load-generator' ? ', GENERATED LOAD' : data.origin === 'external' ? ', external' : ''}
      </dd>
      <dt>Reports</dt>
      <dd>
        <LayerAge data={data} />
        {data.interval_ms === null ? '' : `, every ${formatAge(data.interval_ms)}`}
        {data.tick === null ? '' : `, tick ${formatCount(data.tick)}`}
      </dd>
      <dt>Past kept</dt>
      <dd>{pastWords(data)}</dd>
      {latency !== undefined && (
        <>
          <dt>Latency</dt>
          <dd>
            <Link
              href={`${hrefOf(LATENCY, state)}${toHash({ ...DEFAULT_CHOICE, layer: data.layer_id })}`}
              prefetch={false}
            >
              of this layer, by stage
            </Link>
          </dd>
        </>
      )}
    </dl>
  )
}

/** What can be said of a layer without events: only the newest events of its run are kept here. */
export function noEventsText(events: readonly LiveRecord[]): string {
  const oldest = events[0]
  if (oldest === undefined) return 'No event of this run is known here.'
  return `None of the ${formatCount(events.length)} events of this run that are kept here, since ${formatUtc(oldest.at_ms)} UTC, is of this layer.`
}

/** The newest events of the layer. */
export function LayerEvents({ layerId }: { readonly layerId: string }) {
  const { session } = useLive()
  const state = usePageState()
  useLiveTopic(['records', 'pause'], 1_000)
  const all = session.store.events()
  const events = all
    .filter((record) => 'layer_id' in record && record.layer_id === layerId && !isAnsweredProbe(record))
    .slice(-EVENTS)
    .toReversed()
  if (events.length === 0) return <p className="panel-note t2">{noEventsText(all)}</p>
  return (
    <ol className="layer-events">
      {events.map((record) => {
        const line = eventText(record)
        return (
          <li key={record.offset} title={line.detail}>
            <span className="t3">{formatUtc(record.at_ms)}</span>{' '}
            {line.glyph === null ? <Icon name={line.icon} size={12} /> : <StateGlyph state={line.glyph} size={13} />}{' '}
            {line.seed === null ? (
              <b>{line.subject}</b>
            ) : (
              <Link href={hrefOf(PAGE_PATHS.seed(line.seed), { ...state, selection: line.seed })} prefetch={false}>
                {line.subject}
              </Link>
            )}{' '}
            <span className="t2">{line.text}</span>
          </li>
        )
      })}
    </ol>
  )
}
