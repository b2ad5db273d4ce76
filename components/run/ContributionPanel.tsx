/*
 * Contribution panel: what each life was worth when it was last read, with the interval the reading allows.
 * In: the answer about a run. Out: a table with one interval per life on a common scale around zero.
 * Invariant: the scale and the way of the interval are said; a life whose reading is unknown stands last and says so.
 * Source: features A15; docs/training.md "contribution".
 */
'use client'
import Link from 'next/link'
import type { RunDetail, RunLife } from '../../lib/contracts/httpRuns.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import { formatCount, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { momentData } from '../causes/askedPlace.ts'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { originData, type ValueRef } from '../provenance/valueRef.ts'
import type { ApiAnswer } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { answerState } from './answerState.ts'
import { contributionScale, newestRead, verdictOf, type Scale } from './contributionScale.ts'
import { pointsText } from './gainWords.ts'
import { sortBy } from './sortBy.ts'
import { SortHeader, useSort } from './SortHeader.tsx'

const SHOWN = 60
const WIDTH = 220
const HEIGHT = 20

type Key = 'seed' | 'blueprint' | 'contribution' | 'reads' | 'newest'

const keyOf = (life: RunLife, key: Key): number | string | null => {
  if (key === 'seed') return `${life.layer_id} ${life.seed_id} ${life.generation ?? ''}`
  if (key === 'blueprint') return life.blueprint_id
  if (key === 'reads') return life.reads_of
  const read = newestRead(life)
  return key === 'newest' ? (read?.step ?? null) : (read?.contribution ?? null)
}

export function ContributionPanel({ answer }: { readonly answer: ApiAnswer<RunDetail> }) {
  const [sort, onSort] = useSort<Key>('contribution')
  const state = usePageState()
  const { data } = answer
  const lives = sortBy(data?.lives ?? [], (life) => keyOf(life, sort.key), sort.down)
  const shown = lives.slice(0, SHOWN)
  const scale = contributionScale(data?.lives ?? [])
  const helped = lives.filter((life) => verdictOf(life) === 'helps').length
  const harmed = lives.filter((life) => verdictOf(life) === 'harms').length
  const header = { sort, onSort }
  return (
    <Panel
      title="What each life was worth"
      className="run-contributions"
      hint={
        data === null || lives.length === 0
          ? ''
          : `${shown.length < data.lives_of ? `${formatCount(shown.length)} of ` : ''}${formatCount(data.lives_of)} lives read: ${helped} help for sure, ${harmed} harm for sure, ${lives.length - helped - harmed} can not be told from 0`
      }
      {...answerState(
        answer,
        lives.length === 0,
        'No contribution was read yet. A reading compares the same samples with the seed and with its alpha forced to 0; it is taken while a seed grafts.',
      )}
    >
      {shown.length > 0 && (
        <ScrollRegion label="Contribution of each life" className="page-table">
          <table>
            <thead>
              <tr>
                <SortHeader name="seed" numeric={false} {...header}>
                  Seed, life
                </SortHeader>
                <SortHeader name="blueprint" numeric={false} {...header}>
                  Blueprint
                </SortHeader>
                <th scope="col">Now or ended as</th>
                <SortHeader name="contribution" {...header}>
                  Contribution
                </SortHeader>
                <th scope="col">
                  95 % interval, {pointsText(scale.low, 1)} to {pointsText(scale.high, 1)}
                </th>
                <SortHeader name="reads" {...header}>
                  Readings
                </SortHeader>
                <SortHeader name="newest" {...header}>
                  Last at step
                </SortHeader>
              </tr>
            </thead>
            <tbody>
              {shown.map((life) => (
                <LifeRow
                  key={`${life.layer_id} ${life.seed_id} ${life.generation} ${life.from.at_ms}`}
                  life={life}
                  scale={scale}
                  href={hrefOf(PAGE_PATHS.seed({ layerId: life.layer_id, seedId: life.seed_id }), {
                    ...state,
                    selection: { layerId: life.layer_id, seedId: life.seed_id },
                  })}
                />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </Panel>
  )
}

function LifeRow({ life, scale, href }: { readonly life: RunLife; readonly scale: Scale; readonly href: string }) {
  const read = newestRead(life)
  const verdict = verdictOf(life)
  const { end } = life
  const page = usePageState()
  const said = read === null || read.contribution === null ? 'unknown' : pointsText(read.contribution, 2)
  const origin: ValueRef = {
    kind: 'entry',
    label: `Contribution of ${life.layer_id}/${life.seed_id}`,
    value: said,
    entry: read?.entry ?? null,
    atMs: read?.at_ms ?? null,
    runId: page.runId,
    step: read?.step ?? null,
    quality: read === null ? 'never read' : `computed from one paired reading of ${formatCount(read.samples)} samples`,
  }
  return (
    <tr
      {...originData(origin)}
      {...momentData({ atMs: read?.at_ms ?? null, layerId: life.layer_id, seedId: life.seed_id })}
    >
      <th scope="row">
        <Link href={href} prefetch={false}>
          {life.layer_id}/{life.seed_id}
        </Link>
        {life.generation !== null && (
          <>
            {', '}
            <Link
              href={hrefOf(THREAD_LINKS.life(life.layer_id, life.seed_id, life.generation), {
                ...page,
                selection: null,
              })}
              prefetch={false}
              aria-label={`Life ${life.generation} of ${life.layer_id}/${life.seed_id}`}
            >
              {life.generation}
            </Link>
          </>
        )}
      </th>
      <td>{life.blueprint_id ?? 'not said'}</td>
      <td>
        {end === null ? (
          'goes on'
        ) : (
          <>
            <StateGlyph state={end === 'UNKNOWN' ? 255 : SEED_STATE_ID[end]} size={14} /> {stateText(end)}
          </>
        )}
      </td>
      <td className={`num verdict-${verdict}`}>{said}</td>
      <td>
        <Interval life={life} scale={scale} />
      </td>
      <td className="num" title={read === null ? '' : `the newest of ${formatCount(read.samples)} samples`}>
        {formatCount(life.reads_of)}
      </td>
      <td className="num">{read?.step == null ? '–' : formatCount(read.step)}</td>
    </tr>
  )
}

function Interval({ life, scale }: { readonly life: RunLife; readonly scale: Scale }) {
  const read = newestRead(life)
  if (read === null || read.contribution === null) return <span className="t3">unknown</span>
  const x = (value: number): number => 4 + ((value - scale.low) / (scale.high - scale.low)) * (WIDTH - 8)
  const { low, high, contribution, method } = read
  const words =
    low === null || high === null
      ? 'no interval can be told'
      : `${pointsText(low, 2)} to ${pointsText(high, 2)}, ${method === 'paired' ? 'paired' : 'as if the samples differed, which is too wide'}`
  return (
    <>
      <svg
        className={`interval verdict-${verdictOf(life)}`}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width={WIDTH}
        height={HEIGHT}
        aria-hidden="true"
      >
        <line className="zero" x1={x(0)} x2={x(0)} y1={0} y2={HEIGHT} />
        {low !== null && high !== null && (
          <line
            className={method === 'paired' ? 'span' : 'span wide'}
            x1={x(low)}
            x2={x(high)}
            y1={HEIGHT / 2}
            y2={HEIGHT / 2}
          />
        )}
        <circle cx={x(contribution)} cy={HEIGHT / 2} r={3.5} />
        <title>{words}</title>
      </svg>
      <span className="visually-hidden">{words}</span>
    </>
  )
}
