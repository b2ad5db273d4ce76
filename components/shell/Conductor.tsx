/*
 * Conductor: live or paused, what of the last 15 minutes is covered, the time, and the way into the past.
 * In: pause state, gaps, the server's clock. Out: the 44 px footer; the past brings its own when it is shown.
 * Invariant: a gap is hatched with its cause in words; pausing never loses a frame and says how many wait.
 * Source: docs/ux.md "global frame"; features B5, B8.
 */
'use client'
import { lazy, Suspense, useCallback, useEffect, useRef, type MouseEvent } from 'react'
import { formatAge, formatCount, formatLocal, formatUtc } from '../../lib/live/formatValue.ts'
import { onThemeChange, patternOf, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { layerAges } from '../live/layerAges.ts'
import { useLive, useTime } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { goLive, goToMoment } from '../live/timeActions.ts'
import { onTick, useLiveTopic } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { coverageSegments, gapCause, type CoverageSegment } from './coverage.ts'

const WINDOW_MS = 900_000
const STEP_BACK_MS = 10_000

const ReplayConductor = lazy(async () => ({
  default: (await import('../replay/ReplayConductor.tsx')).ReplayConductor,
}))

export function Conductor() {
  const time = useTime()
  if (time.kind === 'past')
    return (
      <Suspense fallback={<footer className="conductor is-replay" aria-label="Time" />}>
        <ReplayConductor travel={time.travel} />
      </Suspense>
    )
  if (time.kind === 'loading') return <GoingBack problem={time.problem} />
  return <LiveConductor />
}

/** On the way to a moment: nothing that is still shown may be taken for it. */
function GoingBack({ problem }: { readonly problem: string | null }) {
  const { page, live } = useLive()
  return (
    <footer className="conductor is-replay" aria-label="Time">
      <b>FETCHING</b>
      <output className={problem === null ? 't2' : 'tone-warn'}>
        {problem ?? 'The moment is being fetched; what is shown is still the present.'}
      </output>
      <span className="grow" />
      <button type="button" className="go-live" onClick={() => goLive({ page, live })}>
        Go live
      </button>
    </footer>
  )
}

function LiveConductor() {
  const { live: session, page } = useLive()
  useLiveTopic(['pause', 'connection', 'status'])
  const paused = session.store.pause !== null
  const connected = session.client.connection.kind === 'live'
  const readWaiting = useCallback(() => {
    const { pause } = session.store
    return pause ? `${formatCount(pause.waitingFrames)} frames waiting` : ''
  }, [session])
  const readUtc = useCallback(() => `${formatUtc(session.client.serverNowMs())} UTC`, [session])
  const readLocal = useCallback(() => `local ${formatLocal(session.client.serverNowMs())}`, [session])
  return (
    <footer className={`conductor${paused ? ' is-paused' : ''}`} aria-label="Time">
      <button
        type="button"
        className="live-toggle"
        aria-pressed={paused}
        title="Pause or go on (Space)"
        onClick={() => session.setPaused(!paused)}
      >
        <Icon name={paused ? 'play' : 'pause'} size={14} />
        <b>{paused ? 'PAUSED' : connected ? 'LIVE' : 'NO LIVE DATA'}</b>
      </button>
      <span className="waiting" data-testid="waiting">
        {paused && (
          <>
            <span className="paused-at">at {formatUtc(session.store.pause?.atMs ?? 0)} UTC, </span>
            <Ticking read={readWaiting} />
          </>
        )}
      </span>
      <button
        type="button"
        className="quiet past-button"
        title="Look at the past: 10 s back (Ctrl+←)"
        onClick={() =>
          goToMoment(
            { page, live: session },
            (session.store.pause?.atMs ?? session.client.serverNowMs()) - STEP_BACK_MS,
          )
        }
      >
        <Icon name="back" size={12} /> Past
      </button>
      <CoverageStrip />
      <span className="times">
        <span className="wide t2">15 min</span>
        <Ticking className="strong" read={readUtc} />
        <Ticking className="t2 wide" read={readLocal} />
      </span>
    </footer>
  )
}

function coverageText(segments: readonly CoverageSegment[]): string {
  if (segments.length === 0) return 'nothing received yet'
  const gaps = segments.filter((segment) => segment.cause !== null)
  const last = gaps.at(-1)
  if (last === undefined) return 'no gap in the last 15 minutes'
  const length = formatAge((last.to - last.from) * WINDOW_MS)
  return `${gaps.length} gap${gaps.length === 1 ? '' : 's'}; last: ${gapCause(last)}, ${length}`
}

function CoverageStrip() {
  const { live: session, page } = useLive()
  useLiveTopic(['records', 'status'], 1_000)
  const canvas = useRef<HTMLCanvasElement>(null)
  const segments = useCallback(() => {
    const nowMs = session.client.serverNowMs()
    const run = session.store.run()
    // Ages, not frames: a page that draws none still knows when something arrived.
    const ingests = layerAges(session, nowMs).flatMap(({ ageMs }) => (ageMs === null ? [] : [nowMs - ageMs]))
    return coverageSegments({
      nowMs,
      windowMs: WINDOW_MS,
      firstSeenMs: run?.firstSeenMs ?? null,
      lastSeenMs: ingests.length === 0 ? null : Math.max(...ingests),
      openCause:
        session.client.connection.kind === 'live'
          ? session.store.status?.bus.state === 'up'
            ? 'producer_silent'
            : 'bus_down'
          : 'disconnected',
      gaps: session.store.gaps(),
    })
  }, [session])
  useEffect(() => {
    const element = canvas.current
    const pen = element?.getContext('2d')
    if (!element || !pen) return undefined
    let theme = readCanvasTheme(document.documentElement)
    // Asked for at each tick the size would make the browser lay the page out in the middle of it.
    let size = { width: element.clientWidth, height: element.clientHeight }
    let drawn = ''
    const draw = (): void => {
      const ratio = devicePixelRatio
      const { width, height } = size
      // On a narrow screen the words may leave it no room: there is nothing to draw on then.
      if (width < 1 || height < 1) return
      const list = segments()
      const place = (share: number): number => Math.round(share * width * ratio)
      const key = `${width} ${height} ${ratio} ${theme.name} ${list.map(({ from, to, cause }) => `${place(from)}-${place(to)} ${cause}`).join()}`
      if (key === drawn) return
      drawn = key
      element.width = Math.round(width * ratio)
      element.height = Math.round(height * ratio)
      pen.setTransform(ratio, 0, 0, ratio, 0, 0)
      pen.fillStyle = theme.raised
      pen.fillRect(0, 0, width, height)
      for (const segment of list) {
        const x = segment.from * width
        const w = Math.max(1, (segment.to - segment.from) * width)
        pen.fillStyle = segment.cause === null ? theme.bar : theme.panel
        pen.fillRect(x, 0, w, height)
        if (segment.cause !== null) {
          pen.fillStyle = patternOf(pen, 'hatch', theme.warn, ratio)
          pen.fillRect(x, 0, w, height)
        }
      }
    }
    draw()
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) size = { width: entry.contentRect.width, height: entry.contentRect.height }
      draw()
    })
    observer.observe(element)
    const undo = [
      onTick(draw),
      onThemeChange(() => {
        theme = readCanvasTheme(document.documentElement)
        draw()
      }),
    ]
    return () => {
      observer.disconnect()
      for (const cancel of undo) cancel()
    }
  }, [segments])
  const text = coverageText(segments())
  /** By pointer only: the button beside it and the keys go there as well. */
  const goThere = (event: MouseEvent<HTMLCanvasElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    if (session.store.run() === null || box.width === 0) return
    const place = (event.clientX - box.left) / box.width
    goToMoment({ page, live: session }, session.client.serverNowMs() - (1 - place) * WINDOW_MS)
  }
  return (
    <figure className="coverage" title={text} aria-label={`Coverage: ${text}`}>
      <canvas ref={canvas} aria-hidden="true" onClick={goThere} />
      <span className="coverage-text t3 wide">{text}</span>
    </figure>
  )
}
