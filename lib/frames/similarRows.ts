/*
 * similarRows: seeds put beside those whose recent series look like theirs: k-means over a few points of each series.
 * In: points of every seed as bytes. Out: an order in groups, calmest group first, made in pieces that a caller may pause between.
 * Invariant: deterministic: the same points give the same groups; a seed with too few measured points is in the last group and is
 * never compared by a guess; unmeasured points count for nothing.
 * Source: features A6; Lloyd 1982; farthest-first start after Gonzalez 1985.
 */
import { UNMEASURED_CELL } from './quantize.ts'

const MAX_GROUPS = 8
const MAX_ROUNDS = 12
/** Rows looked at between two pauses. */
const PIECE = 1_024

export interface SimilarRows {
  readonly order: Uint32Array
  /** Sizes of the groups in order; the last one holds what could not be compared, when there is any. */
  readonly groups: readonly number[]
  readonly compared: number
}

/** Mean squared distance over the points that are measured. */
function distance(points: Uint8Array, row: number, width: number, center: Float32Array): number {
  let sum = 0
  let measured = 0
  for (let at = 0, from = row * width; at < width; at++, from++) {
    const byte = points[from]!
    if (byte === UNMEASURED_CELL) continue
    const off = byte - center[at]!
    if (off !== off) continue
    sum += off * off
    measured++
  }
  return measured === 0 ? Number.POSITIVE_INFINITY : sum / measured
}

const seriesOf = (points: Uint8Array, row: number, width: number): Float32Array =>
  Float32Array.from(points.subarray(row * width, (row + 1) * width), (byte) =>
    byte === UNMEASURED_CELL ? Number.NaN : byte,
  )

/** Groups and orders `rows` by `points`, [row][point], `width` points each. */
export function* similarRows(points: Uint8Array, width: number, rows: Uint32Array): Generator<void, SimilarRows, void> {
  const comparable: number[] = []
  const rest: number[] = []
  for (const row of rows) {
    let measured = 0
    for (let at = row * width; at < (row + 1) * width; at++) if (points[at] !== UNMEASURED_CELL) measured++
    ;(measured * 2 >= width && measured >= 2 ? comparable : rest).push(row)
  }
  const wanted = Math.min(MAX_GROUPS, Math.max(1, Math.round(Math.sqrt(comparable.length / 2))))
  const centers: Float32Array[] = []
  const nearest = new Float64Array(comparable.length).fill(Number.POSITIVE_INFINITY)
  const group = new Uint8Array(comparable.length)
  // The first center is the first seed; each next one the seed that is farthest from those there are.
  while (comparable.length > 0 && centers.length < wanted) {
    let far = 0
    const center = centers.length === 0 ? seriesOf(points, comparable[0]!, width) : null
    if (center === null) {
      for (let at = 1; at < nearest.length; at++) if (nearest[at]! > nearest[far]!) far = at
      if (nearest[far] === 0) break
    }
    const next = center ?? seriesOf(points, comparable[far]!, width)
    centers.push(next)
    for (let at = 0; at < comparable.length; at++) {
      if (at % PIECE === PIECE - 1) yield
      nearest[at] = Math.min(nearest[at]!, distance(points, comparable[at]!, width, next))
    }
  }
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let moved = 0
    for (let at = 0; at < comparable.length; at++) {
      if (at % PIECE === PIECE - 1) yield
      let best = 0
      let least = Number.POSITIVE_INFINITY
      centers.forEach((center, index) => {
        const off = distance(points, comparable[at]!, width, center)
        if (off < least) {
          least = off
          best = index
        }
      })
      if (group[at] !== best) moved++
      group[at] = best
      nearest[at] = least
    }
    if (moved === 0 && round > 0) break
    recenter(points, width, comparable, group, centers)
    yield
  }
  const rankOf = chainCenters(centers)
  const places = comparable.map((_, at) => at)
  places.sort(
    (a, b) => rankOf[group[a]!]! - rankOf[group[b]!]! || nearest[a]! - nearest[b]! || comparable[a]! - comparable[b]!,
  )
  const sizes = new Map<number, number>()
  for (const place of places) sizes.set(group[place]!, (sizes.get(group[place]!) ?? 0) + 1)
  return {
    order: Uint32Array.from([...places.map((place) => comparable[place]!), ...rest]),
    groups: [...sizes.values(), ...(rest.length > 0 ? [rest.length] : [])],
    compared: comparable.length,
  }
}

/** Puts like groups side by side: from the lowest on, each time the nearest of those left. Gives each group its place. */
function chainCenters(centers: readonly Float32Array[]): number[] {
  const level = (center: Float32Array): number => {
    const known = center.filter((value) => value === value)
    return known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length)
  }
  const far = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, at) => (value === value && b[at]! === b[at]! ? sum + (value - b[at]!) ** 2 : sum), 0)
  const rank = centers.map(() => 0)
  const left = centers.map((_, index) => index).toSorted((a, b) => level(centers[a]!) - level(centers[b]!) || a - b)
  for (let place = 0, now = left.shift(); now !== undefined; place++) {
    const from = centers[now]!
    rank[now] = place
    left.sort((a, b) => far(from, centers[a]!) - far(from, centers[b]!) || a - b)
    now = left.shift()
  }
  return rank
}

function recenter(
  points: Uint8Array,
  width: number,
  rows: readonly number[],
  group: Uint8Array,
  centers: Float32Array[],
): void {
  const sums = centers.map(() => new Float64Array(width))
  const counts = centers.map(() => new Uint32Array(width))
  rows.forEach((row, at) => {
    const [sum, count] = [sums[group[at]!]!, counts[group[at]!]!]
    for (let point = 0, from = row * width; point < width; point++, from++) {
      const byte = points[from]!
      if (byte === UNMEASURED_CELL) continue
      sum[point]! += byte
      count[point]!++
    }
  })
  centers.forEach((center, index) => {
    for (let point = 0; point < width; point++) {
      const count = counts[index]![point]!
      center[point] = count === 0 ? Number.NaN : sums[index]![point]! / count
    }
  })
}
