/*
 * mainThread: what the main thread of a page did, frame by frame, read from the browser's own trace.
 * In: a trace of `toplevel` events, the page's process. Out: milliseconds per frame of the screen: CPU, and by the clock.
 * Invariant: every task of the thread is counted, the page's, the browser's and the collector's; frames in which nothing ran count as 0.
 * Source: docs/performance.md "live page".
 */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  /** CPU time, us. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

export const TRACE_CATEGORIES = ['toplevel', '__metadata', 'blink.user_timing']
const FRAME_US = 1e6 / 60

export interface FrameTimes {
  /** ms per frame of a 60 Hz screen, sorted. */
  readonly cpuMs: readonly number[]
  readonly wallMs: readonly number[]
}

/** Sums the tasks of the page's main thread per frame, between its marks `from` and `to`. */
export function mainThreadFrames(trace: Buffer, from: string, to: string): FrameTimes {
  const { traceEvents: events } = JSON.parse(trace.toString('utf8')) as { readonly traceEvents: readonly TraceEvent[] }
  const begin = events.find((event) => event.name === from)
  const end = events.find((event) => event.name === to)
  if (!begin || !end) throw new Error('the trace holds no marks of the page')
  // Marks are set on the main thread of the page.
  const { pid, tid } = begin
  const frames = Math.floor((end.ts - begin.ts) / FRAME_US)
  const cpu = new Float64Array(frames)
  const wall = new Float64Array(frames)
  for (const event of events) {
    if (event.pid !== pid || event.tid !== tid || event.ph !== 'X') continue
    if (!event.name.endsWith('RunTask')) continue
    const frame = Math.floor((event.ts - begin.ts) / FRAME_US)
    if (frame < 0 || frame >= frames) continue
    // A task whose CPU time the browser did not take counts by the clock: never too little.
    cpu[frame]! += (event.tdur ?? event.dur ?? 0) / 1_000
    wall[frame]! += (event.dur ?? 0) / 1_000
  }
  const sorted = (values: Float64Array): readonly number[] => [...values].toSorted((a, b) => a - b)
  return { cpuMs: sorted(cpu), wallMs: sorted(wall) }
}

/** Reads a share of sorted values: 0.99 = p99. */
export function shareOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
