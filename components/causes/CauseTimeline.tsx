/*
 * Cause timeline: what happened, one below the other, with the latency of every edge between and gaps where they were.
 * In: nodes in order, edges, gaps. Out: a list; each node with its moment, who, where, guards, readings, entry and links.
 * Invariant: the order is that of time; what only overlaps is set beside and says so; late events are marked where they stand.
 * Source: docs/ux.md "causal thread", "life page", "honest gaps".
 */
'use client'
import Link from 'next/link'
import type { ThreadEdge, ThreadNode } from '../../lib/contracts/httpThreads.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { CoverageGap, EntryRef } from '../../lib/contracts/liveRecords.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { guardText } from '../../lib/live/guardWords.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import type { ValueRef } from '../provenance/valueRef.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { Icon } from '../ui/Icon.tsx'
import { momentData } from './askedPlace.ts'
import { edgeText, gapText, kindIcon, kindWord, metricWord, momentText, readingText } from './causeWords.ts'
import { EvidenceLine } from './EvidenceLine.tsx'

interface Props {
  readonly label: string
  readonly nodes: readonly ThreadNode[]
  readonly edges: readonly ThreadEdge[]
  readonly gaps: readonly CoverageGap[]
}

/** The message behind a moment, as what origins are asked for. */
const entryValue = (node: ThreadNode, entry: EntryRef): ValueRef => ({
  kind: 'entry',
  label: kindWord(node.kind),
  value: node.text,
  entry,
  atMs: node.at_ms,
  runId: node.run_id,
  step: node.step,
  quality: 'raw, as its entry carries it',
})

type Row =
  | { readonly kind: 'node'; readonly atMs: number; readonly node: ThreadNode }
  | { readonly kind: 'gap'; readonly atMs: number; readonly gap: CoverageGap }

export function CauseTimeline({ label, nodes, edges, gaps }: Props) {
  const rows: readonly Row[] = [
    ...nodes.map((node): Row => ({ kind: 'node', atMs: node.at_ms, node })),
    ...gaps.map((gap): Row => ({ kind: 'gap', atMs: gap.from_ms, gap })),
  ].toSorted((a, b) => a.atMs - b.atMs)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const incoming = new Map(edges.map((edge) => [edge.kind === 'overlap' ? edge.from : edge.to, edge]))
  const before = new Map(
    nodes.filter(({ relation }) => relation === 'member').map((node, at, members) => [node.id, members[at - 1]?.id]),
  )
  return (
    <ol className="cause-line" aria-label={label}>
      {rows.map((row) => {
        if (row.kind === 'gap')
          return (
            <li key={`gap ${row.gap.cause} ${row.gap.from_ms}`} className="cause-gap">
              <span className="cause-moment num">{momentText(row.gap.from_ms)}</span>
              <span className="cause-mark hatch" aria-hidden="true" />
              <p>{gapText(row.gap)}</p>
            </li>
          )
        const { node } = row
        const edge = incoming.get(node.id)
        const from = edge === undefined ? undefined : byId.get(edge.from)
        return (
          <Node
            key={node.id}
            node={node}
            edge={
              edge === undefined || from === undefined ? null : edgeText(edge, from, before.get(node.id) === from.id)
            }
          />
        )
      })}
    </ol>
  )
}

function Node({ node, edge }: { readonly node: ThreadNode; readonly edge: string | null }) {
  const seed = node.layer_id !== null && node.seed_id !== null ? { layerId: node.layer_id, seedId: node.seed_id } : null
  return (
    <li
      className={`cause-node kind-${node.kind} tone-${node.tone} is-${node.relation}`}
      {...momentData({ atMs: node.at_ms, layerId: node.layer_id, seedId: node.seed_id, runId: node.run_id })}
    >
      {edge !== null && <p className="cause-edge t3">{edge}</p>}
      <time className="cause-moment num" dateTime={node.at}>
        {momentText(node.at_ms)}
      </time>
      <span className="cause-mark">
        {node.state === null ? (
          <Icon name={kindIcon(node.kind)} size={14} />
        ) : (
          <StateGlyph state={node.state === 'UNKNOWN' ? 255 : SEED_STATE_ID[node.state]} />
        )}
      </span>
      <div className="cause-body">
        <p>
          <b>{kindWord(node.kind)}</b> {node.text}
          {node.relation === 'overlap' && <span className="chip">beside</span>}
          {node.late && (
            <span
              className="chip tone-warn"
              title="It came after what its source said later; it stands where it belongs by time"
            >
              late
            </span>
          )}
        </p>
        {node.evidence !== null && <EvidenceLine evidence={node.evidence} />}
        {node.health.length > 0 && (
          <ul className="cause-health">
            {node.health.map((reading) => (
              <li key={reading.metric}>
                {metricWord(reading.metric)} <span className="num">{readingText(reading)}</span>
              </li>
            ))}
          </ul>
        )}
        {node.guards.length > 0 && (
          <ul className="guards">
            {node.guards.map((guard) => (
              <li key={guard.name} className={guard.passed ? 'guard passed' : 'guard failed'}>
                <span aria-hidden="true">{guard.passed ? '✓' : '✕'}</span>
                <span>
                  {guardText(guard) || guard.name}
                  <span className="visually-hidden">{guard.passed ? ', passed' : ', not passed'}</span>
                </span>
              </li>
            ))}
          </ul>
        )}
        <Where node={node} seed={seed} />
      </div>
    </li>
  )
}

function Where({
  node,
  seed,
}: {
  readonly node: ThreadNode
  readonly seed: { layerId: string; seedId: number } | null
}) {
  const page = usePageState()
  const { show } = useShell()
  const entry = node.entry
  return (
    <p className="t3 cause-where">
      {node.by !== null && <span>by {node.by}</span>}
      {node.step !== null && <span className="num">step {formatCount(node.step)}</span>}
      {seed !== null && (
        <Link href={hrefOf(PAGE_PATHS.seed(seed), { ...page, runId: node.run_id ?? page.runId })} prefetch={false}>
          {seed.layerId}/{seed.seedId}
        </Link>
      )}
      {seed === null && node.layer_id !== null && <span>{node.layer_id}</span>}
      {node.until_ms !== null && <span className="num">until {momentText(node.until_ms)}</span>}
      {node.link !== null && (
        <Link href={node.link} prefetch={false}>
          Open {kindWord(node.kind).toLowerCase()}
        </Link>
      )}
      {entry !== null && (
        <button
          type="button"
          className="link mono"
          onClick={() => show({ kind: 'origin', value: entryValue(node, entry) })}
        >
          entry {entry.entry_id}
        </button>
      )}
    </p>
  )
}
