/*
 * Alpha panel: how far each seed is blended into its host over the last minutes, one small chart per seed.
 * In: the histories of alpha of the run's layers. Out: small multiples from 0 to 1 on one time axis.
 * Invariant: seeds that never left 0 in the window are not drawn and are counted; breaks are breaks.
 * Source: docs/ux.md "pages: run"; seed-design.md 2.3.
 */
'use client'
import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import type { LayerHistory } from '../../lib/contracts/httpApi.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { askApi, problemOf } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { alphaPath, alphaRows } from './alphaRows.ts'
import { answerState } from './answerState.ts'

const WINDOW_MS = 300_000
/** A run that has only begun is not drawn over a window it was not there for. */
const MIN_WINDOW_MS = 30_000
const RESOLUTION_MS = 1_000
const ASK_EVERY_MS = 2_000
/** Layers that are asked; seeds a history of each is kept of, at most. */
const MAX_LAYERS = 12
const MAX_SEEDS = 256
const SHOWN = 24
const BOX = { width: 240, height: 30 }

interface Props {
  readonly run: RunView
  /** The moment of the past that is shown; null for the present. */
  readonly moment: number | null
}

export function AlphaPanel({ run, moment }: Props) {
  const { session } = useLive()
  const state = usePageState()
  const { run_id: runId, layers } = run.descriptor
  const asked = layers.filter((layer) => layer.seeds <= MAX_SEEDS).slice(0, MAX_LAYERS)
  const query = useQuery({
    queryKey: ['alpha', runId, moment, asked.map((layer) => layer.layer_id).join(' ')],
    queryFn: async ({ signal }) => {
      const toMs = Math.floor(moment ?? session.client.serverNowMs())
      const window = `metric=alpha&resolution=${RESOLUTION_MS}&from=${Math.floor(Math.max(toMs - WINDOW_MS, Math.min(run.firstSeenMs, toMs - MIN_WINDOW_MS)))}&to=${toMs}&run=${encodeURIComponent(runId)}`
      return Promise.all(
        asked.map((layer) =>
          askApi<LayerHistory>(`/api/layers/${encodeURIComponent(layer.layer_id)}/history?${window}`, { signal }),
        ),
      )
    },
    refetchInterval: moment === null ? ASK_EVERY_MS : false,
    // Between two moments of the past the former strip stands; what was live never does.
    placeholderData: (before, query) => (moment !== null && query?.queryKey[2] !== null ? before : undefined),
    enabled: asked.length > 0,
  })
  const histories = query.data ?? null
  const rows = alphaRows(histories ?? [])
  const shown = rows.slice(0, SHOWN)
  const seeds = asked.reduce((sum, layer) => sum + layer.seeds, 0)
  const box = { ...BOX, fromMs: histories?.[0]?.from_ms ?? 0, toMs: histories?.[0]?.to_ms ?? 1 }
  const blending = rows.filter((row) => row.isBlending).length
  const told =
    asked.length === 0
      ? {
          state: 'empty' as const,
          message: `No history per seed is kept of layers with more than ${formatCount(MAX_SEEDS)} seeds: the layer’s own page shows its alpha now.`,
        }
      : answerState(
          { data: histories, problem: problemOf(query.error) },
          rows.length === 0,
          `None of ${formatCount(seeds)} seeds had an alpha above 0 in the last ${formatAge(box.toMs - box.fromMs)}: nothing is being blended.`,
        )
  return (
    <Panel
      title="Alpha"
      className="run-alpha"
      hint={
        rows.length === 0
          ? ''
          : `${blending} being blended ${moment === null ? 'now' : 'then'}, ${rows.length - blending} at 1 or back at 0; ${shown.length < rows.length ? `${shown.length} of ${rows.length} drawn; ` : ''}the other ${formatCount(seeds - rows.length)} of ${formatCount(seeds)} stayed at 0${asked.length < layers.length ? `; ${asked.length} of ${layers.length} layers` : ''}`
      }
      {...told}
    >
      {shown.length > 0 && (
        <ScrollRegion label="Alpha of each blended seed" className="alpha-strip">
          <ul>
            {shown.map((row) => {
              const selection = { layerId: row.layerId, seedId: row.seedId }
              return (
                <li key={`${row.layerId} ${row.seedId}`}>
                  <Link href={hrefOf(PAGE_PATHS.seed(selection), { ...state, selection })} prefetch={false}>
                    {row.layerId}/{row.seedId}
                  </Link>
                  <span className="num">{row.last === null ? 'unknown' : row.last.toFixed(2)}</span>
                  <svg viewBox={`0 0 ${BOX.width} ${BOX.height}`} preserveAspectRatio="none" aria-hidden="true">
                    <line x1={0} x2={BOX.width} y1={BOX.height - 1} y2={BOX.height - 1} />
                    <path
                      className={row.isBlending ? 'now' : ''}
                      d={alphaPath(row, box, 3 * RESOLUTION_MS)}
                      vectorEffect="non-scaling-stroke"
                    />
                  </svg>
                </li>
              )
            })}
          </ul>
          <p className="t3 num">
            0 to 1, {formatUtc(box.fromMs)} to {formatUtc(box.toMs)} UTC, a sample per{' '}
            {formatAge(histories?.[0]?.resolution_ms ?? RESOLUTION_MS)}
          </p>
        </ScrollRegion>
      )}
    </Panel>
  )
}
