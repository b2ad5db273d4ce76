/*
 * Replay source: the history over HTTP, as the player asks for it.
 * In: runs, windows, moments. Out: frames and records of a window, what came before a moment, the server's checksum.
 * Invariant: every page of an answer is fetched before it counts as a window; what the server counted and did not send is said.
 * Source: docs/protocol.md "history and replay".
 */
import type { ReplayCoverage, ReplayEvents, ReplayFramesHead, ReplayState } from '../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { decodeHeaded } from '../../lib/frames/headedBytes.ts'
import { splitReplayFrames } from '../../lib/live/replayFrames.ts'
import type { MomentCheck, PastAnswer, ReplaySource, WindowAsk } from '../../lib/live/replaySource.ts'
import type { FrameEntry } from '../../lib/live/replayWindows.ts'
import { askApi, askBytes } from '../records/useApi.ts'

/** Of the past of a moment: what a page lists. */
const EVENTS_BEFORE_MS = 900_000
const MOST_PAGES = 64
const BYTES_PER_RECORD = 600
const NEAR_RECORDS = 200
const NEAR_MS = [10_000, 120_000, 1_800_000, 86_400_000] as const
const EVENT_KINDS = 'transition,command,fault,alert,checkpoint,incident'

export interface ReplaySourceOptions {
  /** What the page knows of a run by itself; null when it knows nothing. */
  readonly descriptorOf: (runId: string) => RunDescriptor | null
  readonly precisionOf: () => 'exact' | 'cells'
  /** Compares what the page draws with what the server says of that moment. */
  readonly compare: (state: ReplayState) => Promise<MomentCheck>
}

const address = (path: string, words: Readonly<Record<string, string | number>>): string =>
  `/api/replay${path}?${new URLSearchParams(Object.entries(words).map(([key, value]) => [key, String(value)])).toString()}`

/** Every page of a window's records. */
async function allRecords(
  words: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<{ readonly records: readonly LiveRecord[]; readonly total: number }> {
  const records: LiveRecord[] = []
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer: ReplayEvents = await askApi<ReplayEvents>(
      address('/events', cursor === null ? words : { ...words, cursor }),
      { signal },
    )
    records.push(...answer.records)
    cursor = answer.next
    if (cursor === null) return { records, total: answer.total }
  }
  throw new Error('This stretch holds more events than a page can take: choose a lower speed.')
}

/** The newest records up to a moment, as many as one answer holds: the stretch is made shorter until they fit. */
async function lastRecords(
  words: Readonly<Record<string, string | number>>,
  to: number,
  signal: AbortSignal,
  spanMs = EVENTS_BEFORE_MS,
): Promise<readonly LiveRecord[]> {
  for (let span = spanMs; ;) {
    const answer = await askApi<ReplayEvents>(address('/events', { ...words, from: Math.round(to - span), to }), {
      signal,
    })
    if (answer.next === null || span <= 1) return answer.records
    span /= Math.max(2, answer.total / answer.records.length)
  }
}

/** Frames of a window, whatever number of answers they come in. */
async function allFrames(
  { runId, metric, stepMs, fromMs, toMs }: WindowAsk,
  precision: string,
  signal: AbortSignal,
): Promise<readonly FrameEntry[]> {
  let frames: readonly FrameEntry[] = []
  let from: number | null = fromMs
  for (let page = 0; from !== null && page < MOST_PAGES; page++) {
    const words = { run: runId, metric, precision, from, to: toMs, step_ms: Math.round(stepMs) }
    const { head, body } = decodeHeaded(await askBytes(address('/frames', words), signal))
    const { frames: count, next_ms: next } = head as ReplayFramesHead
    frames = [...frames, ...splitReplayFrames(body, count)]
    // An answer that does not go on would ask for the same again.
    from = next !== null && next > from ? next : null
  }
  return frames
}

/** Creates a source. */
export function createReplaySource({ descriptorOf, precisionOf, compare }: ReplaySourceOptions): ReplaySource {
  const whole = (ms: number): number => Math.round(ms)
  return {
    async open(runId, signal): Promise<PastAnswer> {
      const coverage = await askApi<ReplayCoverage>(address('/coverage', { run: runId }), { signal })
      if (coverage.from === null || coverage.to === null)
        throw new Error(
          `Nothing of the run ${runId} has been recorded: ${coverage.recorder.problem ?? 'the history is empty'}.`,
        )
      // A run that ended, or came in a bundle, is known to the history only.
      const descriptor =
        descriptorOf(runId) ?? (await askApi<ReplayState>(address('', { run: runId }), { signal })).descriptor
      const gaps = coverage.gaps.map(({ from, to, cause, lost }) => ({ fromMs: from, toMs: to, cause, lost }))
      return {
        bounds: { fromMs: Math.ceil(coverage.from), toMs: Math.floor(coverage.to) },
        gaps,
        run: {
          descriptor,
          firstSeenMs: coverage.from,
          gaps: coverage.gaps.flatMap(({ from, to, cause, lost }) =>
            cause === 'not_recorded' || cause === 'damaged' ? [] : [{ from_ms: from, to_ms: to, cause, lost }],
          ),
        },
      }
    },
    async window(ask, signal) {
      const span = { run: ask.runId, from: whole(ask.fromMs), to: whole(ask.toMs) }
      const [frames, { records, total }] = await Promise.all([
        allFrames({ ...ask, fromMs: whole(ask.fromMs), toMs: whole(ask.toMs) }, precisionOf(), signal),
        allRecords(span, signal),
      ])
      const { fromMs, toMs, stepMs } = ask
      // A record on the edge of two windows is the later one's.
      const mine = records.filter((record) => record.at_ms >= fromMs && record.at_ms < toMs)
      const bytes = frames.reduce((sum, frame) => sum + frame.bytes.byteLength, 0) + mine.length * BYTES_PER_RECORD
      return { fromMs, toMs, stepMs, frames, records: mine, served: total - (records.length - mine.length), bytes }
    },
    async before({ runId, atMs }, signal) {
      const to = whole(atMs)
      const [events, curve] = await Promise.all([
        lastRecords({ run: runId, kinds: EVENT_KINDS }, to, signal),
        allRecords({ run: runId, to, kinds: 'evaluation' }, signal),
      ])
      return [...curve.records, ...events]
        .filter((record) => record.at_ms <= atMs)
        .toSorted((a, b) => a.at_ms - b.at_ms)
    },
    async neighbour({ runId, atMs, back }, signal) {
      const at = whole(atMs)
      const words = { run: runId, kinds: EVENT_KINDS }
      for (const nearMs of NEAR_MS) {
        const records = back
          ? await lastRecords(words, at, signal, nearMs)
          : (
              await askApi<ReplayEvents>(
                address('/events', { ...words, from: at, to: at + nearMs, limit: NEAR_RECORDS }),
                {
                  signal,
                },
              )
            ).records
        // Within a millisecond there is nothing to step to.
        const found = back
          ? records.findLast((record) => record.at_ms <= atMs - 1)
          : records.find((record) => record.at_ms >= atMs + 1)
        // The first whole millisecond at which it has happened.
        if (found) return Math.ceil(found.at_ms)
      }
      return null
    },
    async check({ runId, atMs }, signal) {
      return compare(await askApi<ReplayState>(address('', { run: runId, at: whole(atMs) }), { signal }))
    },
  }
}
