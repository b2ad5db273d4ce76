/*
 * Life page: one life of a slot from its germination to its end, with every guard against its threshold, every command, alert,
 * checkpoint and fault of its time.
 * In: layer, seed and generation of the path, the run of the URL. Out: the page; ways to the lives before and after.
 * Invariant: what its producer did not tell is not filled in; what came from the index alone says so.
 * Source: docs/ux.md "life page"; features A10, A15.
 */
'use client'
import Link from 'next/link'
import type { LifeStory } from '../../lib/contracts/httpThreads.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import { formatCount, formatUtc, stateText } from '../../lib/live/formatValue.ts'
import { CauseTimeline } from '../causes/CauseTimeline.tsx'
import { IndexNote } from '../causes/IndexNote.tsx'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { ContributionChart } from '../seed/ContributionChart.tsx'
import { dwellText, endText, lifeName } from '../seed/seedWords.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { useShell } from '../shell/ShellContext.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'

const ASK_EVERY_MS = 2_000

interface Props {
  readonly layerId: string
  readonly seedId: number
  readonly generation: number
}

export function LifePage({ layerId, seedId, generation }: Props) {
  const { runId } = usePageState()
  const run = runId === null ? '' : `?run=${encodeURIComponent(runId)}`
  const path = `/api/layers/${encodeURIComponent(layerId)}/seeds/${seedId}/lives/${generation}${run}`
  const { data, problem } = useApi<LifeStory>(path, { everyMs: ASK_EVERY_MS })
  return (
    <PageMain title={`${layerId} seed ${seedId}, life ${generation}`} ownHeading>
      <div className="cause-page">
        <Head layerId={layerId} seedId={seedId} generation={generation} data={data} />
        <Panel
          title="Its states"
          className="life-panel"
          state={data === null ? (problem === null ? 'loading' : 'empty') : 'ready'}
          message={problem === null ? '' : `${problem.text} (${problem.code})`}
          hint={data === null ? '' : endText(data.life)}
        >
          {data !== null && <States data={data} />}
        </Panel>
        <Panel
          title="Everything that touched it"
          state={data === null ? (problem === null ? 'loading' : 'empty') : problem === null ? 'ready' : 'error'}
          message={
            problem === null
              ? ''
              : data === null
                ? 'Nothing can be told of this life.'
                : `${problem.text} (${problem.code}) What was known stays below.`
          }
          hint={data === null ? '' : hintOf(data)}
        >
          {data !== null && (
            <>
              {data.nodes.length === 0 && (
                <p className="panel-note t2">No guard, command, alert or checkpoint of its time is kept.</p>
              )}
              <CauseTimeline label="Life" nodes={data.nodes} edges={[]} gaps={data.gaps} />
              <IndexNote index={data.index} />
            </>
          )}
        </Panel>
      </div>
    </PageMain>
  )
}

function hintOf({ nodes, of }: LifeStory): string {
  const count = (kinds: readonly string[]): number => nodes.filter(({ kind }) => kinds.includes(kind)).length
  const guards = nodes.reduce((sum, node) => sum + node.guards.length, 0)
  return [
    `${formatCount(guards)} guard readings`,
    `${formatCount(count(['command']))} commands`,
    `${formatCount(count(['alert']))} alerts`,
    `${formatCount(count(['checkpoint']))} checkpoints`,
    ...(of > nodes.length ? [`the newest ${formatCount(nodes.length)} of ${formatCount(of)} moments`] : []),
  ].join(', ')
}

function Head({ layerId, seedId, generation, data }: Props & { readonly data: LifeStory | null }) {
  const page = usePageState()
  const { show } = useShell()
  const seedPath = PAGE_PATHS.seed({ layerId, seedId })
  const lifeHref = (other: number): string => hrefOf(THREAD_LINKS.life(layerId, seedId, other), page)
  return (
    <section className="panel cause-head" aria-labelledby="life-title">
      <div className="cause-title">
        <h1 id="life-title">
          <Link href={hrefOf(seedPath, page)} prefetch={false}>
            {layerId}/{seedId}
          </Link>
          , {data === null ? `life ${generation}` : lifeName(data.life)}
        </h1>
        <p className="t2">
          {data === null
            ? ' '
            : `run ${data.run_id}, began ${formatUtc(data.life.from.at_ms)} UTC${data.life.from.step === null ? '' : `, step ${formatCount(data.life.from.step)}`}`}
        </p>
      </div>
      <div className="cause-actions">
        {data !== null && data.previous !== null && (
          <Link className="button-link" href={lifeHref(data.previous)} prefetch={false}>
            ‹ Life {data.previous}
          </Link>
        )}
        {data !== null && data.next !== null && (
          <Link className="button-link" href={lifeHref(data.next)} prefetch={false}>
            Life {data.next} ›
          </Link>
        )}
        <button
          type="button"
          disabled={data === null}
          onClick={() =>
            data !== null &&
            show({
              kind: 'changes',
              place: { atMs: data.life.to?.at_ms ?? null, layerId, seedId, runId: data.run_id },
            })
          }
        >
          What changed before its end?
        </button>
      </div>
    </section>
  )
}

function States({ data }: { readonly data: LifeStory }) {
  const { session } = useLive()
  const { life } = data
  const nowMs = session.client.serverNowMs()
  return (
    <>
      {!life.complete && (
        <p className="panel-note tone-warn">
          <Icon name="warning" />
          <span>Its beginning or a change in between was not seen; what is missing is not filled in.</span>
        </p>
      )}
      {data.source === 'kept' && (
        <p className="panel-note t2">
          Told from the index: contribution readings are only kept while the server that heard them runs.
        </p>
      )}
      <ol className="life-stays" aria-label="States of this life">
        {life.states.map((stay) => (
          <li key={`${stay.state} ${stay.from.at_ms}`}>
            <StateGlyph state={stay.state === 'UNKNOWN' ? 255 : SEED_STATE_ID[stay.state]} />
            <span>{stateText(stay.state)}</span>
            <span className="t2">{dwellText(stay, nowMs)}</span>
          </li>
        ))}
      </ol>
      {life.contributions.length > 0 && <ContributionChart reads={life.contributions} />}
    </>
  )
}
