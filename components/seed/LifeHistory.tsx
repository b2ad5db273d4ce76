/*
 * Life history: one life from its beginning: every transition with its guards, every refused check, every contribution reading.
 * In: a life. Out: a list in order of time, newest first; value against threshold; cause, reason, step, ids.
 * Invariant: what the producer did not tell is not filled in; an oddity stands beside the transition it belongs to.
 * Source: docs/ux.md "life page"; features A10, A15.
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { LifeRefusal, LifeTransition, SeedDetail, SeedLife } from '../../lib/contracts/httpSeed.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { GuardReading } from '../../lib/contracts/liveRecords.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import { formatCount, formatUtc, stateText } from '../../lib/live/formatValue.ts'
import { guardText } from '../../lib/live/guardWords.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import type { ApiAnswer } from '../records/useApi.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ContributionChart } from './ContributionChart.tsx'
import { dwellText, endText, lifeName } from './seedWords.ts'

const MAX_REFUSALS = 12

interface Props {
  readonly answer: ApiAnswer<SeedDetail>
  readonly life: SeedLife | null
}

export function LifeHistory({ answer, life }: Props) {
  const { session } = useLive()
  const page = usePageState()
  const { data } = answer
  const nowMs = session.client.serverNowMs()
  const [showRefusals, setShowRefusals] = useState(false)
  const refusals = life?.refusals ?? []
  const suppressed = refusals.reduce((sum, one) => sum + one.suppressed, 0)
  return (
    <Panel
      title={life === null ? 'Life history' : lifeName(life)}
      className="seed-history"
      state={data === null ? 'loading' : life === null ? 'empty' : 'ready'}
      message="No life of this slot was seen: there is no history to tell."
      hint={life === null ? '' : endText(life)}
      actions={
        data !== null &&
        life !== null &&
        life.generation !== null && (
          <Link
            className="button-link"
            href={hrefOf(THREAD_LINKS.life(data.layer_id, data.seed_id, life.generation), {
              ...page,
              runId: data.run_id,
              selection: null,
            })}
            prefetch={false}
          >
            Whole life
          </Link>
        )
      }
    >
      {life !== null && data !== null && (
        <>
          {!life.complete && (
            <p className="panel-note tone-warn">
              <Icon name="warning" />
              <span>Its beginning or a change in between was not seen; what is missing is not filled in.</span>
            </p>
          )}
          <dl className="life-facts">
            <Fact name="Blending" value={life.strategy} />
            <Fact name="Parameters" value={life.parameters === null ? null : formatCount(life.parameters)} />
            <Fact
              name="Began"
              value={`${formatUtc(life.from.at_ms)} UTC${life.from.step === null ? '' : `, step ${formatCount(life.from.step)}`}`}
            />
          </dl>
          <Stays life={life} nowMs={nowMs} />
          <h3>Transitions</h3>
          <ol className="life-events">
            {life.transitions.toReversed().map((one) => (
              <Transition key={`${one.at_ms} ${one.from_state} ${one.to_state}`} one={one} data={data} />
            ))}
          </ol>
          <h3>
            Contribution
            <span className="t3">
              {' '}
              accuracy with the seed minus without it, same samples; n = {formatCount(life.contributions.length)}{' '}
              readings
            </span>
          </h3>
          {life.contributions.length === 0 ? (
            <p className="t3">Not read yet: readings begin when the seed is evaluated.</p>
          ) : (
            <ContributionChart reads={life.contributions} />
          )}
          <h3>
            Refused checks
            <span className="t3">
              {' '}
              {formatCount(refusals.length)} told
              {suppressed > 0 ? `, ${formatCount(suppressed)} equal ones left out at the source` : ''}
            </span>
            {refusals.length > 0 && (
              <button
                type="button"
                className="link"
                aria-expanded={showRefusals}
                onClick={() => setShowRefusals((open) => !open)}
              >
                {showRefusals ? 'hide' : 'show'}
              </button>
            )}
          </h3>
          {showRefusals && (
            <ol className="life-events">
              {refusals
                .toReversed()
                .slice(0, MAX_REFUSALS)
                .map((one) => (
                  <Refusal key={`${one.at_ms} ${one.to_state}`} one={one} />
                ))}
            </ol>
          )}
        </>
      )}
    </Panel>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string | null }) {
  return value === null ? null : (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Stays({ life, nowMs }: { readonly life: SeedLife; readonly nowMs: number }) {
  return (
    <ol className="life-stays" aria-label="States of this life">
      {life.states.map((stay) => (
        <li key={`${stay.state} ${stay.from.at_ms}`}>
          <StateGlyph state={stay.state === 'UNKNOWN' ? 255 : SEED_STATE_ID[stay.state]} />
          <span>{stateText(stay.state)}</span>
          <span className="t2">{dwellText(stay, nowMs)}</span>
        </li>
      ))}
    </ol>
  )
}

/** Value against threshold, as words; passed or not by shape as well. */
function Guard({ guard }: { readonly guard: GuardReading }) {
  return (
    <li className={guard.passed ? 'guard passed' : 'guard failed'}>
      <span aria-hidden="true">{guard.passed ? '✓' : '✕'}</span>
      <span>
        {guardText(guard) || guard.name}
        <span className="visually-hidden">{guard.passed ? ', passed' : ''}</span>
      </span>
    </li>
  )
}

function Transition({ one, data }: { readonly one: LifeTransition; readonly data: SeedDetail }) {
  const guards = one.guards.length > 0 ? one.guards : one.guard === null ? [] : [one.guard]
  return (
    <li className={one.legal ? '' : 'is-illegal'}>
      <time className="t3" dateTime={new Date(one.at_ms).toISOString()}>
        {formatUtc(one.at_ms)}
      </time>
      <StateGlyph state={SEED_STATE_ID[one.to_state]} />
      <div>
        <p>
          <b>{stateText(one.to_state)}</b> <span className="t2">from {stateText(one.from_state).toLowerCase()}</span>
          {one.forced === true && <span className="chip">forced</span>}
          {!one.legal && <span className="chip tone-crit">not in the scheme</span>}
        </p>
        {one.reason !== '' && <p>{one.reason}</p>}
        {one.oddity !== null && <p className="tone-warn">{one.oddity}</p>}
        {guards.length > 0 && (
          <ul className="guards">
            {guards.map((guard) => (
              <Guard key={guard.name} guard={guard} />
            ))}
          </ul>
        )}
        <p className="t3 where">
          {one.triggered_by === 'unknown' ? 'cause not told' : `by ${one.triggered_by}`}
          {one.step === null ? '' : `, step ${formatCount(one.step)}`}
          {one.tick === null ? '' : `, tick ${formatCount(one.tick)}`}
          {one.correlation_id !== null && (
            <>
              {', '}
              <Link href={THREAD_LINKS.thread(one.correlation_id)} prefetch={false}>
                thread
              </Link>
            </>
          )}
          {one.entry !== null && (
            <>
              {', entry '}
              <CopyValue
                value={one.entry.entry_id}
                provenance={{ layer: data.layer_id, seed: data.seed_id, run: data.run_id, stream: one.entry.topic }}
              >
                <span className="mono">{one.entry.entry_id}</span>
              </CopyValue>
            </>
          )}
        </p>
      </div>
    </li>
  )
}

function Refusal({ one }: { readonly one: LifeRefusal }) {
  return (
    <li>
      <time className="t3" dateTime={new Date(one.at_ms).toISOString()}>
        {formatUtc(one.at_ms)}
      </time>
      <StateGlyph state={SEED_STATE_ID[one.to_state]} />
      <div>
        <p className="t2">
          not to {stateText(one.to_state).toLowerCase()}
          {one.suppressed > 0 ? `, and ${formatCount(one.suppressed)} times before` : ''}
        </p>
        <ul className="guards">
          <Guard guard={one.guard} />
        </ul>
      </div>
    </li>
  )
}
