/*
 * Biography: the lives of one slot as a strip of tenants: blueprint, states, how each ended.
 * In: the seed's answer, which life is looked at. Out: a strip that time flows through; a life is a button.
 * Invariant: widths are true to time; a life too short to see keeps a least width, and that is said; what was not seen is said.
 * Source: docs/ux.md "slot biography"; features A10.
 */
'use client'
import { useRef, type KeyboardEvent } from 'react'
import type { SeedDetail, SeedLife } from '../../lib/contracts/httpSeed.ts'
import { SEED_STATE_ID, STATE_FAMILY } from '../../lib/contracts/lifecycleTable.ts'
import { formatAge, formatCount, formatUtc, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import type { ApiAnswer } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { endText, lifeName } from './seedWords.ts'

interface Props {
  readonly answer: ApiAnswer<SeedDetail>
  readonly chosen: number | null
  readonly zoomed: boolean
  readonly onLife: (index: number) => void
  readonly onLive: () => void
}

const spanOf = (life: SeedLife, nowMs: number): readonly [number, number] => {
  const last = life.states.at(-1)
  return [
    life.from.at_ms,
    Math.max(
      life.from.at_ms,
      last?.to?.at_ms ?? (life.to === null || life.end?.state === 'FOSSILIZED' ? nowMs : life.to.at_ms),
    ),
  ]
}

export function Biography({ answer, chosen, zoomed, onLife, onLive }: Props) {
  const { session } = useLive()
  const list = useRef<HTMLOListElement>(null)
  const { data } = answer
  const lives = data?.lives ?? []
  const nowMs = Math.max(session.client.serverNowMs(), data?.ingest_ms ?? 0)
  const startMs = lives[0]?.from.at_ms ?? nowMs
  const span = Math.max(1, nowMs - startMs)
  const percent = (ms: number): string => `${(((ms - startMs) / span) * 100).toFixed(3)}%`
  const count = data === null ? '' : `${formatCount(data.lives_total)} ${data.lives_total === 1 ? 'life' : 'lives'}`
  const hint =
    data === null
      ? ''
      : `${count}${lives.length < data.lives_total ? `, the newest ${lives.length} shown` : ''}${data.lives_complete ? '' : '; older ones were let go'}`

  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])]
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    buttons[Math.min(buttons.length - 1, Math.max(0, at + by))]?.focus()
  }
  return (
    <Panel
      title="Lives of this slot"
      className="seed-lives"
      hint={hint}
      state={data === null ? 'loading' : lives.length === 0 ? 'empty' : 'ready'}
      message="Nothing has grown here yet: no germination of this slot was seen. A life begins when the policy or an operator plants one."
      actions={
        zoomed && (
          <button type="button" onClick={onLive}>
            Back to now
          </button>
        )
      }
    >
      {lives.length > 0 && (
        <>
          {/* Arrow keys move between lives; each of them is a button. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
          <ol className="life-strip" ref={list} onKeyDown={onKeyDown}>
            {lives.map((life, index) => {
              const [fromMs, toMs] = spanOf(life, nowMs)
              const whole = Math.max(1, toMs - fromMs)
              return (
                <li
                  key={`${life.generation} ${life.from.at_ms}`}
                  style={{ left: percent(fromMs), width: `max(5px, ${(((toMs - fromMs) / span) * 100).toFixed(3)}%)` }}
                >
                  <button
                    type="button"
                    className={`life${life.legal ? '' : ' is-illegal'}${life.complete ? '' : ' is-partial'}`}
                    aria-pressed={index === chosen}
                    tabIndex={index === (chosen ?? lives.length - 1) ? 0 : -1}
                    aria-label={`${lifeName(life)}, ${formatUtc(fromMs)} to ${life.to === null ? 'now' : formatUtc(toMs)}, ${endText(life)}`}
                    title={`${lifeName(life)}: ${formatAge(whole)}, ${endText(life)}`}
                    onClick={() => onLife(index)}
                  >
                    <span className="life-name">{life.blueprint_id ?? '?'}</span>
                    <span className="life-states">
                      {life.states.map((stay) => {
                        const endMs = stay.to?.at_ms ?? toMs
                        const family = stay.state === 'UNKNOWN' ? 'unknown' : STATE_FAMILY[stay.state]
                        return (
                          <span
                            key={`${stay.state} ${stay.from.at_ms}`}
                            className={`stay swatch fam-${family}${stay.to !== null && stay.dwell_ms === null ? ' is-unseen' : ''}`}
                            style={{ flexGrow: Math.max(0.001, (endMs - stay.from.at_ms) / whole) }}
                            title={`${stateText(stay.state)}`}
                          />
                        )
                      })}
                    </span>
                    <span className="life-end">
                      {life.end !== null && <StateGlyph state={SEED_STATE_ID[life.end.state]} size={13} />}
                    </span>
                  </button>
                </li>
              )
            })}
          </ol>
          <p className="life-axis t3">
            <span>{formatUtc(startMs)} UTC</span>
            <span className="grow">
              {lives.some((life) => !life.complete) && 'striped: its beginning or a change was not seen'}
              {lives.some((life) => !life.legal) && ' outlined: took an edge that is not in the scheme'}
            </span>
            <span>now</span>
          </p>
        </>
      )}
    </Panel>
  )
}
