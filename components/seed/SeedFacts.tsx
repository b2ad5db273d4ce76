/*
 * Seed facts: the head of the seed's page: state, dwell, generation, blueprint, freshness, and what stands out.
 * In: the seed's answer. Out: big words; each with its age and its provenance to copy.
 * Invariant: ages grow by themselves; an old answer looks old; never observed is explained, not shown as a state.
 * Source: docs/ux.md "freshness model"; features A17, A18.
 */
'use client'
import Link from 'next/link'
import type { SeedDetail } from '../../lib/contracts/httpSeed.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import {
  formatAge,
  formatCount,
  formatMetric,
  formatUtc,
  stateText,
  unitText,
  UNKNOWN_TEXT,
} from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { Ticking } from '../live/Ticking.tsx'
import { usePageState, useTickKey } from '../live/useLiveTopic.ts'
import type { ApiAnswer } from '../records/useApi.ts'
import { seedProvenance } from '../provenance/copySeedValue.ts'
import { originData } from '../provenance/valueRef.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Icon } from '../ui/Icon.tsx'
import type { Freshness } from '../../lib/contracts/freshness.ts'
import { evaluateFreshness } from '../../lib/contracts/freshnessRule.ts'
import { scoreText, signed, unusualOf } from './seedWords.ts'

export interface SeedFactsProps {
  readonly layerId: string
  readonly seedId: number
  readonly answer: ApiAnswer<SeedDetail>
  readonly descriptor: RunDescriptor | null
  readonly onGo: (by: -1 | 1) => void
}

const FRESHNESS_WORDS: Readonly<Record<Freshness, string>> = {
  fresh: 'fresh',
  late: 'late',
  stale: 'stale',
  silent: 'silent',
  never: 'never observed',
}
const MAX_UNUSUAL = 4

/** Age and freshness of the answer's values on the server's clock of now, or at the moment of the past. */
function useAge(detail: SeedDetail | null): { readonly ageMs: () => number | null; readonly freshness: Freshness } {
  const { session, live } = useLive()
  const ageMs = (): number | null => {
    if (detail?.ingest_ms == null) return null
    // Of the past the age is that of the moment it was told for, however fast moments go by.
    return session === live ? Math.max(0, session.client.serverNowMs() - detail.ingest_ms) : detail.age_ms
  }
  const freshness = (): Freshness =>
    detail === null
      ? 'never'
      : evaluateFreshness({
          ageMs: ageMs(),
          intervalMs: detail.interval_ms,
          declaredGone: detail.freshness === 'silent',
        })
  useTickKey(freshness)
  return { ageMs, freshness: freshness() }
}

export function SeedFacts({ layerId, seedId, answer, descriptor, onGo }: SeedFactsProps) {
  const state = usePageState()
  const { data: detail, problem } = answer
  const { ageMs, freshness } = useAge(detail)
  const id = detail === null || detail.state === 'UNKNOWN' ? 255 : SEED_STATE_ID[detail.state]
  const never = detail !== null && freshness === 'never'
  return (
    <section className={`panel seed-facts is-${freshness}`} aria-labelledby="seed-title">
      <div className="panel-head seed-head">
        <Link href={hrefOf(PAGE_PATHS.layer(layerId), state)} prefetch={false}>
          {layerId}
        </Link>
        <span className="t3" aria-hidden="true">
          /
        </span>
        <h1 id="seed-title">Seed {seedId}</h1>
        <button
          type="button"
          className="quiet"
          onClick={() => onGo(-1)}
          aria-keyshortcuts="["
          title="Seed before ( [ )"
        >
          ‹<span className="visually-hidden"> Seed before</span>
        </button>
        <button type="button" className="quiet" onClick={() => onGo(1)} aria-keyshortcuts="]" title="Seed after ( ] )">
          ›<span className="visually-hidden"> Seed after</span>
        </button>
        <span className="sub">
          {detail === null
            ? 'asking the server'
            : `one of ${formatCount(detail.total_seeds)} in ${layerId}, run ${detail.run_id}`}
          {detail?.origin === 'load-generator' ? ', GENERATED LOAD' : ''}
        </span>
        <span className="grow" />
        <a href="#raw" className="button-link">
          Raw entries
        </a>
      </div>
      {problem !== null && (
        <output className="panel-note tone-warn">
          <Icon name="warning" />
          <span>
            {problem.text} ({problem.code}){detail === null ? '' : ' What was known stays below, with its age.'}
          </span>
        </output>
      )}
      {never ? (
        <p className="seed-never">
          <StateGlyph state={254} size={22} />
          <span>
            <b>Never observed.</b> This slot is in the description of the run, but no telemetry has carried a value of
            it. That is neither dormant (a state that is reported) nor zero (a value that is measured). Check whether
            its producer reports this layer: the raw entries below show what came.
          </span>
        </p>
      ) : (
        <Facts detail={detail} descriptor={descriptor} id={id} ageMs={ageMs} freshness={freshness} />
      )}
      {detail !== null && descriptor !== null && !never && <Unusual detail={detail} descriptor={descriptor} />}
    </section>
  )
}

function Facts({
  detail,
  descriptor,
  id,
  ageMs,
  freshness,
}: {
  readonly detail: SeedDetail | null
  readonly descriptor: RunDescriptor | null
  readonly id: number
  readonly ageMs: () => number | null
  readonly freshness: Freshness
}) {
  const { session } = useLive()
  const since = detail?.state_since ?? null
  const life = detail?.lives.at(-1)
  const from = (metric: string) =>
    detail === null || descriptor === null ? { metric } : seedProvenance(detail, descriptor, metric)
  const big = (metric: string): { readonly text: string; readonly unit: string; readonly label: string } | null => {
    const column = descriptor?.seed_columns.find((one) => one.name === metric)
    const value = detail?.metrics[metric]?.value
    if (column === undefined || value === undefined) return null
    const [text, unit] = [formatMetric(value, column), unitText(column)]
    return { text, unit: text.endsWith(unit) ? '' : unit, label: column.label }
  }
  const [health, contribution] = [big('health_score'), big('performance_delta')]
  return (
    <dl className="seed-now" aria-busy={detail === null}>
      <div className="wide">
        <dt>State</dt>
        <dd>
          <StateGlyph state={detail === null ? 254 : id} size={22} />
          <span>
            {detail === null
              ? UNKNOWN_TEXT
              : detail.state === 'UNKNOWN'
                ? 'Unknown state'
                : stateText(detail.state as SeedState)}
          </span>
        </dd>
        <dd className="t2">
          {since === null ? (
            detail === null ? (
              ' '
            ) : (
              'since before anything was seen'
            )
          ) : (
            <>
              for <Ticking read={() => formatAge(Math.max(0, session.client.serverNowMs() - since.at_ms))} />, since{' '}
              {formatUtc(since.at_ms)} UTC
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Blueprint</dt>
        <dd>{detail === null ? UNKNOWN_TEXT : (detail.blueprint_id ?? 'none')}</dd>
        <dd className="t2">
          {life?.strategy == null || detail?.blueprint_id == null ? ' ' : `blended in ${life.strategy}`}
        </dd>
      </div>
      <div>
        <dt>Generation</dt>
        <dd>
          {detail === null ? UNKNOWN_TEXT : detail.generation === null ? 'unmeasured' : formatCount(detail.generation)}
        </dd>
        <dd className="t2">
          {detail === null
            ? ' '
            : `${formatCount(detail.lives_total)} ${detail.lives_total === 1 ? 'life' : 'lives'} seen`}
        </dd>
      </div>
      {[['health_score', health] as const, ['performance_delta', contribution] as const].map(
        ([metric, shown]) =>
          shown !== null && (
            <div key={metric}>
              <dt>{shown.label}</dt>
              <dd>
                <CopyValue
                  value={`${shown.text} ${shown.unit}`.trim()}
                  provenance={from(metric)}
                  {...(detail === null
                    ? {}
                    : {
                        origin: originData({ kind: 'seed', layerId: detail.layer_id, seedId: detail.seed_id, metric }),
                      })}
                />
              </dd>
              <dd className="t2">{shown.text === UNKNOWN_TEXT ? 'unmeasured' : ' '}</dd>
            </div>
          ),
      )}
      <div className={`wide seed-age tone-${freshness}`}>
        <dt>Age</dt>
        <dd>
          <Ticking read={() => formatAge(ageMs())} />
          <small className="t2"> {detail === null ? '' : FRESHNESS_WORDS[freshness]}</small>
        </dd>
        <dd className="t2">
          {detail?.step == null ? ' ' : `step ${formatCount(detail.step)}`}
          {detail?.tick == null ? '' : `, tick ${formatCount(detail.tick)}`}
          {detail?.interval_ms == null ? '' : `, every ${formatAge(detail.interval_ms)}`}
        </dd>
      </div>
    </dl>
  )
}

function Unusual({ detail, descriptor }: { readonly detail: SeedDetail; readonly descriptor: RunDescriptor }) {
  const found = unusualOf(detail)
  const known = found.flatMap(({ metric, score }) => {
    const column = descriptor.seed_columns.find((one) => one.name === metric)
    return column === undefined ? [] : [{ column, score }]
  })
  return (
    <p className="seed-unusual t2">
      {known.length === 0 ? (
        'Beside its siblings nothing stands out.'
      ) : (
        <>
          <Icon name="info" size={14} /> Stands out beside its siblings:{' '}
          {known.slice(0, MAX_UNUSUAL).map(({ column, score }, index) => (
            <span key={column.name} title={scoreText(score, column)}>
              {index > 0 && ', '}
              <b>{column.label}</b> {formatMetric(detail.metrics[column.name]?.value ?? null, column)} (z{' '}
              {signed(score.z ?? 0)}, siblings {formatMetric(score.median, column)})
            </span>
          ))}
          {known.length > MAX_UNUSUAL && ` and ${known.length - MAX_UNUSUAL} more`}.
        </>
      )}
    </p>
  )
}
