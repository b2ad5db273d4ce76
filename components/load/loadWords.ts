/*
 * Load words: the sizes to choose from, what a request comes to, what is wrong with one.
 * In: a request as it is typed. Out: words.
 * Invariant: what is refused here is what the server refuses, from the same schema.
 * Source: docs/protocol.md "generated load".
 */
import { LOAD_REQUEST_LIMITS, LoadRequest } from '../../lib/contracts/httpLoad.ts'
import { formatCount } from '../../lib/live/formatValue.ts'

/** Sizes worth looking at: a look, the design document's benchmark at two paces, and the whole bound. */
export const LOAD_SIZES: readonly { readonly name: string; readonly request: LoadRequest }[] = Object.freeze([
  { name: 'Small: 6 x 40 at 2 Hz', request: { layers: 6, seeds_per_layer: 40, hz: 2, metrics: 6, seed: 1 } },
  {
    name: 'Benchmark: 10 x 1,000 at 1 Hz',
    request: { layers: 10, seeds_per_layer: 1_000, hz: 1, metrics: 6, seed: 1 },
  },
  { name: 'Fast: 10 x 1,000 at 60 Hz', request: { layers: 10, seeds_per_layer: 1_000, hz: 60, metrics: 6, seed: 1 } },
  {
    name: 'Large: 100 x 10,000 at 1 Hz',
    request: { layers: 100, seeds_per_layer: 10_000, hz: 1, metrics: 6, seed: 1 },
  },
])

/** Columns of a seed's life that travel besides the chosen metrics, and the bytes of one value. */
const LIFE_COLUMNS = 6
const VALUE_BYTES = 4
const MB = 1_000_000

/** Says what a request comes to. */
export function sizeText({ layers, seeds_per_layer: seeds, hz, metrics }: LoadRequest): string {
  const total = layers * seeds
  const bytes = total * (metrics + LIFE_COLUMNS) * VALUE_BYTES * hz
  return `${formatCount(total)} seeds, ${formatCount(Math.round(total * hz))} seed reports/s, about ${(bytes / MB).toFixed(bytes < MB ? 2 : 0)} MB/s`
}

/** Says what is wrong with a request, as the server would; null when nothing is. */
export function requestProblem(request: unknown): string | null {
  const parsed = LoadRequest.safeParse(request)
  if (parsed.success) return null
  const issue = parsed.error.issues[0]
  return issue === undefined
    ? 'This is not acceptable.'
    : `${String(issue.path[0] ?? 'request').replaceAll('_', ' ')}: ${issue.message}`
}

export const LOAD_BOUNDS = {
  layers: { label: 'Layers', min: 1, max: LOAD_REQUEST_LIMITS.layers, step: 1 },
  seeds_per_layer: { label: 'Seeds per layer', min: 1, max: LOAD_REQUEST_LIMITS.seedsPerLayer, step: 1 },
  hz: { label: 'Sweeps per second (Hz)', min: LOAD_REQUEST_LIMITS.minHz, max: LOAD_REQUEST_LIMITS.hz, step: 0.1 },
  metrics: { label: 'Metrics', min: 1, max: LOAD_REQUEST_LIMITS.metrics, step: 1 },
  seed: { label: 'Seed (same seed, same numbers)', min: 0, max: 0x7fff_ffff, step: 1 },
} as const
