/*
 * stopSamples: measured stops, kept over several runs, so that a long series can be taken in pieces and judged as one.
 * In: the stops of a piece; a file, or none. Out: all stops of the series so far; the slowest, and where their time went.
 * Invariant: no stop is left out or counted twice; without a file a piece is the whole.
 * Source: docs/performance.md "emergency stop".
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { StopStages } from '../../tests/support/stopWorld.ts'

export interface StopSample {
  /** Null: not confirmed in time. */
  readonly tookMs: number | null
  readonly stages: StopStages | null
  /** What had happened to Redis last, and how long before the stop; null when nothing had. */
  readonly since: string | null
}

interface Piece {
  readonly samples: readonly StopSample[]
  /** Messages a second that the bus took meanwhile. */
  readonly rate: number
}

const SLOWEST = 8

/** Opens the file of a series, or none. @throws SyntaxError when it is not one of these */
export function openSamples(file: string | null) {
  const kept: Record<string, Piece[]> =
    file !== null && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Piece[]>) : {}
  return {
    /** Adds a piece; answers the whole series, its rate the mean over its stops. */
    add(name: string, samples: readonly StopSample[], rate: number): Piece {
      const pieces = [...(kept[name] ?? []), { samples, rate }]
      kept[name] = pieces
      if (file !== null) writeFileSync(file, `${JSON.stringify(kept)}\n`)
      const all = pieces.flatMap((piece) => piece.samples)
      const weighed = pieces.reduce((sum, piece) => sum + piece.rate * piece.samples.length, 0)
      return { samples: all, rate: Math.round(weighed / Math.max(1, all.length)) }
    },
  }
}

/** Tells of the slowest stops, a line each. */
export function slowestLines(samples: readonly StopSample[]): string[] {
  const known = samples.flatMap(({ tookMs, stages, since }) =>
    tookMs === null || stages === null ? [] : [{ tookMs, stages, since }],
  )
  return known
    .toSorted((a, b) => b.tookMs - a.tookMs)
    .slice(0, SLOWEST)
    .map(({ tookMs, stages, since }) => {
      const { asked, accepted, applied, told, path, copies } = stages
      const ms = (value: number): string => value.toFixed(1)
      return (
        `  ${ms(tookMs)} ms: to the gateway ${ms(asked)}, first word ${ms(accepted)}, halted ${ms(applied)}, ` +
        `back ${ms(told)}; by ${path ?? 'no way'}, ${copies} more copies${since === null ? '' : `, ${since}`}`
      )
    })
}
