/*
 * sentence: a selection of seeds as one line that people read, edit and share, and the query it means.
 * In: a line, and the layers, states and metrics there are. Out: the query, or which part can not be read and what can.
 * Invariant: reading what was written gives the same query; a part that can not be read is never left out: that would mean more seeds
 * than were asked for; nothing named means nothing, never everything.
 * Source: docs/ux.md "bulk"; docs/commands.md "many seeds".
 */
import type { SeedQuery } from '../../lib/contracts/commandDraft.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'

export interface SentenceWords {
  /** In the order of the run: what `a..b` goes over. */
  readonly layers: readonly string[]
  readonly metrics: readonly { readonly name: string; readonly label: string }[]
}

export type ReadSentence =
  | { readonly kind: 'query'; readonly query: SeedQuery }
  | { readonly kind: 'empty' }
  | { readonly kind: 'unread'; readonly part: string; readonly text: string }

type Condition = NonNullable<SeedQuery['where']>[number]

const CONDITION = /^(.+?)\s*(<=|>=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i
const PLACE = /^([A-Za-z0-9_:-]+?)(?:\.\.([A-Za-z0-9_:-]+)|\/(\d[\d+-]*))?$/
const SPAN = /^(\d{1,8})(?:-(\d{1,8}))?$/
const MAX_SEED = 16_777_215
const MAX_SEEDS = 65_536
const MAX_CONDITIONS = 8

/** Writes seeds as `0-3+7`. */
function writeIds(ids: readonly number[]): string {
  const sorted = [...new Set(ids)].toSorted((a, b) => a - b)
  const spans: string[] = []
  for (let at = 0; at < sorted.length; at++) {
    const from = sorted[at]!
    while (sorted[at + 1] === sorted[at]! + 1) at++
    spans.push(from === sorted[at] ? String(from) : `${from}-${sorted[at]}`)
  }
  return spans.join('+')
}

/** Writes a query as a sentence; empty when it names no place. */
export function writeSentence({ layers = [], seeds = [], states = [], where = [] }: SeedQuery): string {
  const picked = new Set(seeds.map((list) => list.layer_id))
  const places = [
    ...layers.filter((layer) => !picked.has(layer)),
    ...seeds.map(({ layer_id, seed_ids }) => `${layer_id}/${writeIds(seed_ids)}`),
  ]
  if (places.length === 0) return ''
  const conditions = where.map(({ metric, op, value }) => `${metric} ${op} ${value}`)
  return [places.join(' '), ...(states.length === 0 ? [] : [states.join(' or ')]), ...conditions].join(', ')
}

class Unread extends Error {
  readonly part: string
  constructor(part: string, text: string) {
    super(text)
    this.part = part
  }
}

function readIds(text: string, part: string): number[] {
  const ids: number[] = []
  for (const span of text.split('+')) {
    const match = SPAN.exec(span)
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
    if (match === null || to < from || to > MAX_SEED)
      throw new Unread(part, `seeds are written like 0-3+7, up to ${MAX_SEED}`)
    if (ids.length + to - from >= MAX_SEEDS) throw new Unread(part, `at most ${MAX_SEEDS} seeds can be named`)
    for (let id = from; id <= to; id++) ids.push(id)
  }
  return ids
}

interface Places {
  readonly layers: Set<string>
  readonly seeds: Map<string, number[]>
}

function readPlace(token: string, words: SentenceWords, places: Places): void {
  const match = PLACE.exec(token)
  const [, first = '', last, ids] = match ?? []
  const known = (name: string): number => {
    const at = words.layers.indexOf(name)
    if (at >= 0) return at
    const some = words.layers.slice(0, 3).join(', ')
    throw new Unread(
      token,
      `${name || token} is no layer of this run; ${some || 'it has none'} ${some ? 'are' : ''}`.trim(),
    )
  }
  if (match === null) throw new Unread(token, 'places are written like layer_0, layer_0..layer_3 or layer_0/1-5+9')
  const from = known(first)
  if (ids !== undefined)
    return void places.seeds.set(first, [...(places.seeds.get(first) ?? []), ...readIds(ids, token)])
  const to = last === undefined ? from : known(last)
  if (to < from) throw new Unread(token, `${last} comes before ${first}`)
  for (const layer of words.layers.slice(from, to + 1)) places.layers.add(layer)
}

const stateOf = (word: string): SeedState | undefined => SEED_STATES.find((state) => state === word.toUpperCase())

function readCondition(part: string, words: SentenceWords): Condition | null {
  const match = CONDITION.exec(part)
  if (match === null) {
    if (/[<>=]/.test(part)) throw new Unread(part, 'conditions are written like health_score < 0.3')
    return null
  }
  const [, name = '', op = '<', value = ''] = match
  const wanted = name.trim().toLowerCase()
  const metric = words.metrics.find((one) => one.name.toLowerCase() === wanted || one.label.toLowerCase() === wanted)
  if (metric === undefined) throw new Unread(part, `${name.trim()} is no metric of this run`)
  return { metric: metric.name, op: op as Condition['op'], value: Number(value) }
}

/** Reads a sentence. Never throws. */
export function readSentence(text: string, words: SentenceWords): ReadSentence {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.every((part) => part === '')) return { kind: 'empty' }
  const places: Places = { layers: new Set(), seeds: new Map() }
  const states: SeedState[] = []
  const where: Condition[] = []
  try {
    for (const part of parts) {
      if (part === '') throw new Unread(text.trim(), 'there is nothing between two commas')
      const condition = readCondition(part, words)
      const named = part.split(/\s+or\s+/i).map(stateOf)
      if (condition !== null) where.push(condition)
      else if (named.every((state) => state !== undefined)) states.push(...(named as SeedState[]))
      else if (/^all layers$/i.test(part)) for (const layer of words.layers) places.layers.add(layer)
      else for (const token of part.split(/\s+/)) readPlace(token, words, places)
    }
    if (where.length > MAX_CONDITIONS) throw new Unread(text.trim(), `at most ${MAX_CONDITIONS} conditions fit`)
    if (places.layers.size === 0 && places.seeds.size === 0)
      throw new Unread(text.trim(), 'it names no layer: say which, or “all layers”')
  } catch (error) {
    if (error instanceof Unread) return { kind: 'unread', part: error.part, text: error.message }
    throw error
  }
  const whole = [...places.layers].filter((layer) => !places.seeds.has(layer))
  const seeds = [...places.seeds].map(([layer_id, ids]) => ({
    layer_id,
    seed_ids: [...new Set(ids)].toSorted((a, b) => a - b),
  }))
  return {
    kind: 'query',
    query: {
      ...(whole.length === 0 ? {} : { layers: whole }),
      ...(seeds.length === 0 ? {} : { seeds }),
      ...(states.length === 0 ? {} : { states: [...new Set(states)] }),
      ...(where.length === 0 ? {} : { where }),
    },
  }
}
