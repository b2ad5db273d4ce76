/*
 * ExemplarsPanel: some of the messages behind a bucket, a cell or the whole window, slowest first, and the bus entry of each.
 * In: the chosen span. Out: a list; an entry opens to what lies on its stream, with a way to the seeds of its layer.
 * Invariant: exemplars are said to be a few of n; an entry that is gone, or was never known, is said to be.
 * Source: docs/ux.md "pages: latency"; features C2, C3.
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { LatencyExemplar, LatencyExemplars } from '../../lib/contracts/httpLatency.ts'
import type { SeedRaw } from '../../lib/contracts/httpSeed.ts'
import { STAGE_WORDS, TOPIC_WORDS } from '../../lib/contracts/latencyStages.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { exemplarsUrl, type ExemplarSpan, type LatencyChoice } from './latencyChoice.ts'
import { latencyText, spanText, timeText } from './latencyWords.ts'

const EVERY_MS = 5_000

interface Props {
  readonly choice: LatencyChoice
  readonly runId: string | null
  readonly span: ExemplarSpan
  readonly bounds: readonly number[]
  readonly onWhole: () => void
}

export function ExemplarsPanel({ choice, runId, span, bounds, onWhole }: Props) {
  const [open, setOpen] = useState<string | null>(null)
  // A list that is read must not move: a chosen slice is over anyway, an open entry holds the rest still.
  const still = open !== null || span.toMs !== null
  const { data, problem } = useApi<LatencyExemplars>(exemplarsUrl(choice, runId, span), {
    everyMs: still ? 0 : EVERY_MS,
    keepWhileChanging: true,
  })
  const isWhole = span.low === null && span.fromMs === null
  const where = [
    span.low === null || span.high === null ? 'slowest of the window' : spanText(span.low, span.high, bounds),
    span.fromMs === null || span.toMs === null ? '' : timeText(span.fromMs, span.toMs),
  ]
    .filter(Boolean)
    .join(', ')
  const list = data?.exemplars ?? []
  return (
    <Panel
      className="latency-chart"
      title="Messages behind it"
      hint={`${STAGE_WORDS[choice.stage].label}, ${where}${data === null ? '' : `: ${formatCount(list.length)} of ${formatCount(data.n)}`}`}
      state={problem !== null ? 'error' : data === null ? 'loading' : list.length === 0 ? 'empty' : 'ready'}
      message={
        problem !== null
          ? `${problem.text} (${problem.code})${data === null ? '' : ' What was read before stays.'}`
          : (data?.n ?? 0) > 0
            ? `${formatCount(data?.n)} messages were counted here, and none of them was kept as an example.`
            : 'No message was counted here. Click a bucket or a cell, or choose a row of a table.'
      }
      actions={
        isWhole ? undefined : (
          <button type="button" onClick={onWhole}>
            Whole window
          </button>
        )
      }
    >
      {list.length > 0 && (
        <ScrollRegion label="Messages" className="latency-scroll latency-scroll-chart">
          <ul className="exemplars">
            {list.map((one, at) => {
              const key = `${one.layer_id} ${one.at_ms} ${one.latency_ms} ${at}`
              return (
                <Exemplar
                  key={key}
                  one={one}
                  isOpen={open === key}
                  onToggle={() => setOpen(open === key ? null : key)}
                />
              )
            })}
          </ul>
        </ScrollRegion>
      )}
    </Panel>
  )
}

function Exemplar({
  one,
  isOpen,
  onToggle,
}: {
  readonly one: LatencyExemplar
  readonly isOpen: boolean
  readonly onToggle: () => void
}) {
  const state = usePageState()
  const time = `${formatUtc(one.at_ms)}.${String(Math.floor(one.at_ms % 1_000)).padStart(3, '0')}`
  return (
    <li className="exemplar">
      <button type="button" className="exemplar-head" aria-expanded={isOpen} onClick={onToggle}>
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
        <b className="exemplar-ms">{latencyText(one.latency_ms)}</b>
        <time className="mono" dateTime={new Date(one.at_ms).toISOString()}>
          {time}
        </time>
        <span className="t2">
          {one.layer_id ?? 'other layers'} · {TOPIC_WORDS[one.topic]}
        </span>
      </button>
      {isOpen && (
        <div className="exemplar-body">
          <dl className="exemplar-facts">
            <div>
              <dt>Publisher</dt>
              <dd>{one.source ?? 'not known any more'}</dd>
            </div>
            <div>
              <dt>Run</dt>
              <dd>{one.run_id ?? 'not told apart'}</dd>
            </div>
            <div>
              <dt>Entry</dt>
              <dd>
                {one.entry === null ? (
                  whyNoEntry(one)
                ) : (
                  <CopyValue value={one.entry.entry_id} provenance={{ stream: one.entry.topic, atMs: one.at_ms }}>
                    <span className="mono">
                      {one.entry.topic} {one.entry.entry_id}
                    </span>
                  </CopyValue>
                )}
              </dd>
            </div>
          </dl>
          {one.layer_id !== null && (
            <p>
              <Link href={hrefOf(PAGE_PATHS.layer(one.layer_id), { ...state, runId: one.run_id })} prefetch={false}>
                Layer {one.layer_id}
              </Link>{' '}
              <Link
                href={`${hrefOf(PAGE_PATHS.seed({ layerId: one.layer_id, seedId: 0 }), { ...state, runId: one.run_id, selection: null })}#raw`}
                prefetch={false}
              >
                Raw entries of its first seed
              </Link>
            </p>
          )}
          {one.entry !== null && one.layer_id !== null && isTelemetry(one) && (
            <RawOf entryId={one.entry.entry_id} layerId={one.layer_id} runId={one.run_id} />
          )}
        </div>
      )}
    </li>
  )
}

const isTelemetry = ({ entry }: LatencyExemplar): boolean => entry?.topic.startsWith('kasmina.telemetry.') === true

function whyNoEntry({ stage }: LatencyExemplar): string {
  if (stage === 'produce') return 'none yet: it is published after this stage'
  return stage === 'paint' ? 'a browser knows the time of what it drew, not the entry' : 'not known'
}

/** The entry as it lies on its stream, seen from the first seed of the layer. */
function RawOf({
  entryId,
  layerId,
  runId,
}: {
  readonly entryId: string
  readonly layerId: string
  readonly runId: string | null
}) {
  const [ms, seq] = entryId.split('-')
  const run = runId === null ? '' : `&run=${encodeURIComponent(runId)}`
  const url = `/api/layers/${encodeURIComponent(layerId)}/seeds/0/raw?kind=telemetry&limit=1&before=${ms}-${Number(seq) + 1}${run}`
  const { data, problem } = useApi<SeedRaw>(url)
  if (problem !== null) return <p className="tone-warn">{`${problem.text} (${problem.code})`}</p>
  if (data === null) return <p className="t3">Reading the stream.</p>
  const found = data.entries.find((entry) => entry.entry_id === entryId)
  if (found === undefined)
    return <p className="t3">The entry is not on its stream any more, or concerns another seed of this layer.</p>
  return (
    <ScrollRegion label="Content of the entry" className="exemplar-raw">
      <pre>{JSON.stringify(found.content, null, 2)}</pre>
    </ScrollRegion>
  )
}
