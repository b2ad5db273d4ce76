/*
 * FilmDialog: a stretch of the past as a captioned video or GIF, made here and saved by the browser.
 * In: the stretch, run and metric shown. Out: a file; progress and failure in words.
 * Invariant: closing gives up and leaves nothing; the length of the film and its speed are said before it is made.
 * Source: docs/ux.md "film".
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import { EXACT_MAX_SEEDS } from '../../lib/contracts/socketNames.ts'
import type { Bounds } from '../../lib/live/conductor.ts'
import { formatAge, formatUtc } from '../../lib/live/formatValue.ts'
import { totalSeeds } from '../../lib/live/liveStore.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { usePageState } from '../live/useLiveTopic.ts'
import { filmType, recordFilm } from '../replay/film.ts'
import { createReplaySource } from '../replay/replaySource.ts'
import { Dialog } from '../shell/Dialog.tsx'

const LENGTHS = [5, 10, 20, 40] as const
type Kind = 'video' | 'gif'

/** What writes a film of this kind; the writer of GIFs is fetched when the first one is made. */
const makerOf = async (kind: Kind): Promise<typeof recordFilm> =>
  kind === 'video' ? recordFilm : (await import('../replay/gifFilm.ts')).makeGif

const endingOf = (type: string): string => (type.includes('gif') ? 'gif' : type.includes('mp4') ? 'mp4' : 'webm')

export function FilmDialog({ stretch, onClose }: { readonly stretch: Bounds; readonly onClose: () => void }) {
  const { session, live } = useLive()
  const { mode } = usePageState()
  const [seconds, setSeconds] = useState<number>(10)
  const [share, setShare] = useState<number | null>(null)
  const [said, setSaid] = useState('')
  const [file, setFile] = useState<{ readonly url: string; readonly name: string } | null>(null)
  const work = useRef<AbortController | null>(null)
  useEffect(
    () => () => {
      work.current?.abort()
    },
    [],
  )
  useEffect(() => (file === null ? undefined : () => URL.revokeObjectURL(file.url)), [file])
  const run = session.store.run()
  const metric = session.store.view?.metric
  const speed = (stretch.toMs - stretch.fromMs) / (seconds * 1_000)
  const type = filmType()
  const [kind, setKind] = useState<Kind>(type === null ? 'gif' : 'video')

  const make = (): void => {
    if (run === null || !metric) return setSaid('No run is shown, so there is nothing to film.')
    work.current?.abort()
    const control = new AbortController()
    work.current = control
    const source = createReplaySource({
      descriptorOf: () => run.descriptor,
      precisionOf: () => (totalSeeds(run) <= EXACT_MAX_SEEDS ? 'exact' : 'cells'),
      compare: async () => ({ kind: 'none' }),
    })
    const order = { ...stretch, runId: run.descriptor.run_id, metric: metric.name, mode, seconds }
    setSaid('')
    setFile(null)
    setShare(0)
    const making = makerOf(kind).then((maker) =>
      maker(order, live, source, { signal: control.signal, onProgress: setShare }),
    )
    making.then(
      (blob) => {
        setShare(null)
        const name = `${run.descriptor.run_id}-${new Date(stretch.fromMs).toISOString().slice(0, 19).replaceAll(':', '')}.${endingOf(blob.type)}`
        setFile({ url: URL.createObjectURL(blob), name })
        setSaid(`The film is ready: ${(blob.size / 1_000_000).toFixed(1)} MB.`)
      },
      (error: unknown) => {
        setShare(null)
        if (!control.signal.aborted) setSaid(error instanceof Error ? error.message : 'The film could not be made.')
      },
    )
  }
  return (
    <Dialog title="Film" closeLabel="Close film" className="film-dialog" onClose={onClose}>
      <p className="dialog-note t2">
        {formatAge(stretch.toMs - stretch.fromMs)} from {formatUtc(stretch.fromMs)} to {formatUtc(stretch.toMs)} UTC, as
        a film of the seeds by {mode === 'state' ? 'state' : (metric?.label.toLowerCase() ?? 'value')}, with time,
        alerts, commands and transitions written in. It is made in this browser; a video takes as long as the film.
      </p>
      <div className="dialog-row">
        <label>
          Length{' '}
          <select
            value={seconds}
            disabled={share !== null}
            onChange={(event) => setSeconds(Number(event.target.value))}
          >
            {LENGTHS.map((length) => (
              <option key={length} value={length}>
                {length} s
              </option>
            ))}
          </select>
        </label>
        <label>
          Kind{' '}
          <select value={kind} disabled={share !== null} onChange={(event) => setKind(event.target.value as Kind)}>
            {type !== null && <option value="video">video, 15 pictures a second</option>}
            <option value="gif">GIF, 10 pictures a second</option>
          </select>
        </label>
        <span className="t2">
          {speed.toFixed(speed < 10 ? 1 : 0)}× real time, {kind === 'gif' ? 'image/gif' : (type?.split(';')[0] ?? '')}
        </span>
        <span className="grow" />
        {share === null ? (
          <button type="button" onClick={make}>
            Make the film
          </button>
        ) : (
          <button
            type="button"
            onClick={() => {
              work.current?.abort()
              setShare(null)
              setSaid('Given up: nothing was kept.')
            }}
          >
            Give up
          </button>
        )}
      </div>
      {type === null && (
        <p className="dialog-note tone-warn">
          This browser can not write a video: the GIF and the bundle of the same stretch can be had.
        </p>
      )}
      {share !== null && <progress value={share} aria-label="How much of the film is made" />}
      <output className="dialog-said">{said}</output>
      {file !== null && (
        <a className="button" href={file.url} download={file.name}>
          Save {file.name}
        </a>
      )}
    </Dialog>
  )
}
