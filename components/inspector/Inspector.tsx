/*
 * Inspector: everything known of one seed: state, life, all metrics with units and ages, spread, recent line, transitions.
 * In: the selection; one question to the server per second while open. Out: the right drawer.
 * Invariant: it never covers the footer; what the server did not answer is said, and old answers carry their age.
 * Source: docs/ux.md "global frame"; features A7, A10, H13.
 */
'use client'
import Link from 'next/link'
import { useEffect, useRef, useState } from 'react'
import { causeOf } from '../../lib/contracts/causes.ts'
import type { InspectAnswer } from '../../lib/contracts/socketEvents.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { formatAge, formatCount, formatMetric, formatUtc, unitText } from '../../lib/live/formatValue.ts'
import type { SeedRef } from '../../lib/live/urlState.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { eventText, mergedCommands } from '../events/eventText.ts'
import { buildScene } from '../heatmap/buildScene.ts'
import { positionOf } from '../heatmap/positionOf.ts'
import { countBytes } from '../heatmap/countBytes.ts'
import { activityText, bytesOf, type HeatmapScene, type SceneLayer } from '../heatmap/heatmapScene.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { stateLabel } from '../heatmap/stateGlyph.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { layerAges } from '../live/layerAges.ts'
import { hrefOf, momentHref, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState, useTickKey } from '../live/useLiveTopic.ts'
import { SeedValue } from '../provenance/SeedValue.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { Icon } from '../ui/Icon.tsx'
import { useRovingList } from '../ui/useRovingList.ts'
import { dequantize } from '../../lib/frames/quantize.ts'
import { LayerLink } from './LayerLink.tsx'
import { MetricHistogram, type HistogramClass } from './MetricHistogram.tsx'
import { SeedCommands } from './SeedCommands.tsx'
import { SeedLine } from './SeedLine.tsx'

const CLASSES = 24
const ASK_EVERY_MS = 1_000

interface Answer {
  readonly ref: SeedRef
  readonly value: InspectAnswer | null
  readonly problem: string | null
}

export function Inspector() {
  const { session, page } = useLive()
  const pageState = usePageState()
  const { selection, inspector } = pageState
  useLiveTopic(['frames', 'records', 'view', 'pause'], 1_000)
  // Ages grow while nothing arrives.
  useTickKey(() => {
    const age = layerAges(session).find((candidate) => candidate.layerId === selection?.layerId)
    return `${age?.freshness} ${Math.floor((age?.ageMs ?? 0) / 1_000)}`
  })
  const [answer, setAnswer] = useState<Answer | null>(null)
  const opener = useRef<HTMLElement | null>(null)
  const runId = session.store.view?.runId

  useEffect(() => {
    if (!inspector) return undefined
    // The drawer does not take the focus; closing it gives the focus back to where it was asked for.
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
    return () => {
      const lost = document.activeElement === null || document.activeElement === document.body
      if (lost && opener.current?.isConnected) opener.current.focus()
      else if (lost) document.querySelector<HTMLElement>('[role=grid]')?.focus()
    }
  }, [inspector])

  useEffect(() => {
    if (!inspector || !selection || runId === undefined) return undefined
    let current = true
    const ask = async (): Promise<void> => {
      const reply = await session.client.inspect({
        run_id: runId,
        layer_id: selection.layerId,
        seed_id: selection.seedId,
      })
      if (!current || session.store.pause) return
      setAnswer((old) => {
        if (reply.ok) return { ref: selection, value: reply.value, problem: null }
        const kept = old?.ref.layerId === selection.layerId && old.ref.seedId === selection.seedId ? old.value : null
        return { ref: selection, value: kept, problem: reply.problem.detail }
      })
    }
    void ask()
    const stop = systemClock.every(ASK_EVERY_MS, () => document.hidden || void ask())
    return () => {
      current = false
      stop()
    }
  }, [session, inspector, selection, runId])

  const scene = buildScene(session, pageState, { cursor: null, hover: null })
  const layer = scene?.layers.find((candidate) => candidate.layerId === selection?.layerId)
  if (!inspector || !scene || !selection || !layer || selection.seedId >= layer.mirror.rows) return null
  const state = layer.mirror.state[selection.seedId] ?? 255
  const mine = answer?.ref.layerId === selection.layerId && answer.ref.seedId === selection.seedId ? answer : null
  return (
    <aside className="inspector" aria-label={`Seed ${selection.layerId}/${selection.seedId}`}>
      <div className="panel-head">
        <StateGlyph state={state} size={18} />
        <h2>
          {selection.layerId}/{selection.seedId}
        </h2>
        <span className="sub">
          {stateLabel(state)}
          {layer.age.freshness === 'fresh' ? '' : `, ${layer.age.freshness} ${formatAge(layer.age.ageMs)}`}
        </span>
        <span className="grow" />
        <LayerLink layerId={selection.layerId} state={pageState} />
        <Link href={hrefOf(PAGE_PATHS.seed(selection), pageState)} prefetch={false}>
          Seed page
        </Link>
        <Link href={`${hrefOf(PAGE_PATHS.seed(selection), pageState)}#raw`} prefetch={false}>
          Raw
        </Link>
        <button
          type="button"
          className="icon-button"
          aria-label="Close inspector"
          onClick={() => page.set({ inspector: false })}
        >
          <Icon name="close" />
        </button>
      </div>
      <ScrollRegion className="inspector-body" label="Details of the seed">
        <p className="t2">{activityText(scene, layer, selection.seedId) || 'No module.'}</p>
        <SeedCommands key={`${selection.layerId} ${selection.seedId}`} selection={selection} runId={runId ?? null} />
        {mine?.problem && <p className="tone-warn">The server did not answer: {mine.problem}</p>}
        <Spread scene={scene} layer={layer} row={selection.seedId} />
        <SeedLine answer={mine?.value ?? null} metric={scene.metric} nowMs={scene.nowMs} />
        <Metrics scene={scene} layer={layer} row={selection.seedId} answer={mine?.value ?? null} />
        <Transitions selection={selection} />
      </ScrollRegion>
    </aside>
  )
}

function Spread({
  scene,
  layer,
  row,
}: {
  readonly scene: HeatmapScene
  readonly layer: SceneLayer
  readonly row: number
}) {
  const bytes = bytesOf(scene, layer)
  const own = bytes[row] ?? 255
  const { counts, unmeasured } = countBytes(bytes, 0, layer.mirror.rows, CLASSES)
  const classes = counts.map((count, index): HistogramClass => {
    const value = dequantize(Math.round(((index + 0.5) / CLASSES) * 254), scene.metric)
    return {
      label: formatMetric(value, scene.metric),
      count,
      own: own !== 255 && Math.min(CLASSES - 1, Math.floor((own / 255) * CLASSES)) === index,
    }
  })
  return (
    <section>
      <h3>
        {scene.metric.label} in {layer.layerId}
        <span className="t3"> n = {formatCount(layer.mirror.rows - unmeasured)}</span>
      </h3>
      <figure
        className="histogram"
        aria-label={`Histogram of ${scene.metric.label} over the layer; the bar of this seed is marked`}
      >
        <MetricHistogram classes={classes} />
      </figure>
    </section>
  )
}

function Metrics({
  scene,
  layer,
  row,
  answer,
}: {
  readonly scene: HeatmapScene
  readonly layer: SceneLayer
  readonly row: number
  readonly answer: InspectAnswer | null
}) {
  const { page, session, live } = useLive()
  const columns = scene.descriptor.seed_columns.filter((column) => column.name !== 'state')
  const roving = useRovingList(columns.length)
  // The answer ages too: its own age is that of the moment it was given.
  const answeredMs = answer?.ingest_ms ?? null
  const ageMs = answeredMs === null ? layer.age.ageMs : Math.max(0, scene.nowMs - answeredMs)
  return (
    <section>
      <h3>
        Metrics
        <span className="t3"> {formatAge(ageMs)} old</span>
      </h3>
      <table className="metrics">
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Value</th>
            <th scope="col">Unit</th>
            <th scope="col">Place in range</th>
          </tr>
        </thead>
        <tbody {...roving.list}>
          {columns.map((column, index) => {
            const drawn = layer.mirror.columns[scene.descriptor.seed_columns.indexOf(column)]?.[row]
            const value = answer
              ? (answer.metrics[column.name] ?? null)
              : drawn === undefined || Number.isNaN(drawn)
                ? null
                : drawn
            const blueprint =
              column.name === 'blueprint'
                ? (scene.descriptor.blueprints.find((entry) => entry.index === value)?.blueprint_id ??
                  (value === 0 ? 'none' : null))
                : null
            const place = value === null ? null : positionOf(value, column)
            return (
              <tr key={column.name} className={column.name === scene.metric.name ? 'current' : ''}>
                <th scope="row">
                  <button
                    type="button"
                    className="link"
                    data-roving
                    tabIndex={roving.tabIndex(index)}
                    title={column.help}
                    onClick={() => page.set({ metric: column.name, mode: 'value' })}
                  >
                    {column.label}
                  </button>
                </th>
                <td className="num">
                  {value === null ? (
                    // Of a large run the picture of the past holds one metric: the others are not known here.
                    <span className="t3">
                      {session !== live && drawn === undefined ? 'not in this picture' : 'unmeasured'}
                    </span>
                  ) : (
                    <SeedValue
                      seed={{ layerId: layer.layerId, seedId: row }}
                      metric={column.name}
                      label={column.label}
                      tabIndex={-1}
                    >
                      {blueprint ?? formatMetric(value, column)}
                    </SeedValue>
                  )}
                </td>
                <td className="t3">{value === null || blueprint !== null ? '' : unitText(column)}</td>
                <td>
                  {column.unit !== 'id' && (
                    <meter
                      className="range"
                      min={0}
                      max={1}
                      value={place ?? 0}
                      aria-label={place === null ? 'unmeasured' : 'place in the display range'}
                    />
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <p className="t3">
        {answer
          ? `${answer.producer}${answer.entry_id === null ? '' : `, entry ${answer.entry_id}`}`
          : scene.descriptor.telemetry_src}
      </p>
    </section>
  )
}

function Transitions({ selection }: { readonly selection: SeedRef }) {
  const { session } = useLive()
  const state = usePageState()
  const events = session.store.events()
  const merged = mergedCommands(events)
  const rows = events
    .filter((record) => record.kind === 'transition')
    .filter((record) => record.layer_id === selection.layerId && record.seed_id === selection.seedId)
    .toReversed()
    .slice(0, 40)
  return (
    <section>
      <h3>Transitions</h3>
      {rows.length === 0 && <p className="t3">None among the events kept here.</p>}
      <ol className="transitions">
        {rows.map((record) => (
          <li key={record.offset}>
            <Link
              href={momentHref(state, record.run_id, Math.ceil(record.at_ms))}
              prefetch={false}
              title="Show this moment"
            >
              <time dateTime={new Date(record.at_ms).toISOString()}>{formatUtc(record.at_ms)}</time>
            </Link>
            <StateGlyph state={SEED_STATE_ID[record.to_state]} />
            <span>
              <b>{stateLabel(SEED_STATE_ID[record.to_state])}</b>{' '}
              <span className="t2">{eventText(record, merged.get(causeOf(record) ?? '') ?? null).detail}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
