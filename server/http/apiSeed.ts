/*
 * apiSeed: the answers about one seed: what it is, the lives of its slot, its series, the bus entries behind it.
 * In: ids and queries that were already validated. Out: plain data in the shapes of lib/contracts/httpSeed.ts.
 * Invariant: read only; unknown ids are STATE_NOT_FOUND with the path; what is unmeasured or not known is null.
 * Source: docs/protocol.md "HTTP"; docs/ux.md "pages: seed".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import {
  RAW_LIMITS,
  SERIES_LIMITS,
  type SeedDetail,
  type SeedMetric,
  type SeriesMark,
} from '../../lib/contracts/httpSeed.ts'
import type { SeedStateName } from '../../lib/contracts/httpShapes.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { SeedHandle } from '../handle.ts'
import { firstKept, openPast, reachesBack } from '../state/layerPast.ts'
import { copyLayer, seedOf, type LayerCopy, type LayerReader } from '../state/layerReader.ts'
import { tellLives } from '../state/lives.ts'
import type { LivesBook } from '../state/livesBook.ts'
import { MIN_SIBLINGS, scoreAgainst, siblingsOf } from '../state/livesScore.ts'
import { readMetricSeries, whyNoSeries } from '../state/livesSeries.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import type { Asks } from '../workers/asks.ts'
import { createLayerFinder, notFound } from './findLayer.ts'
import { createSeedPast, type SeedMoment } from './seedPast.ts'

export interface SeedApiSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly lives: LivesBook
  readonly ask: Asks['ask']
  /** Moments that were recorded. */
  readonly record: Pick<HistoryDesk, 'ask'>
}

const MAX_LIVES = 120
const MAX_TRANSITIONS = 500
const MAX_MARKS = 400
/** Layers on either side that lend their seeds as siblings. */
const MAX_NEAR = 64
/** Bookkeeping is no measurement: nobody is an outlier by its generation. */
const UNSCORED: ReadonlySet<string> = new Set(['state', 'generation', 'blueprint', 'ticks_in_state'])

type Siblings = (column: number) => { readonly scope: 'layer' | 'run'; readonly values: Float64Array }

/** Siblings are the seeds of the layer; a layer too small to compare in is joined by the others of its run. */
function siblingsIn(run: KnownRun, layer: number, seed: number, copy: LayerCopy): Siblings {
  const small = copy.rows <= MIN_SIBLINGS
  const near = run.tables.map((_, at) => at).filter((at) => Math.abs(at - layer) <= MAX_NEAR)
  const others = small ? near.map((at) => (at === layer ? copy : copyLayer(run, at))) : [copy]
  return (column) => {
    const parts = others.map((one) => {
      const values = one.seeds.subarray(column * one.rows, (column + 1) * one.rows)
      return siblingsOf(values, one === copy ? seed : -1)
    })
    return { scope: small ? 'run' : 'layer', values: Float64Array.from(parts.flatMap((part) => [...part])) }
  }
}

type TransitionRecord = Extract<LiveRecord, { kind: 'transition' }>

const isOfSeed = (record: LiveRecord, layerId: string, seedId: number): boolean => {
  const named = record as { readonly layer_id?: string | null; readonly seed_id?: number | null }
  return (named.layer_id ?? layerId) === layerId && (named.seed_id ?? seedId) === seedId
}

/** A record as a mark on a chart; null for what is no mark. */
export function toMark(record: LiveRecord): SeriesMark | null {
  switch (record.kind) {
    case 'transition':
      return { at_ms: record.at_ms, kind: 'transition', state: record.to_state, text: record.reason }
    case 'command': {
      const said = record.text === '' ? '' : `: ${record.text}`
      return {
        at_ms: record.at_ms,
        kind: 'command',
        state: null,
        text: `${record.command_type} ${record.outcome}${said}`.slice(0, 2_000),
      }
    }
    case 'fault':
      return { at_ms: record.at_ms, kind: 'fault', state: null, text: record.text }
    case 'checkpoint':
      return { at_ms: record.at_ms, kind: 'checkpoint', state: null, text: `checkpoint ${record.checkpoint_id}` }
    case 'evaluation':
    case 'alert':
    case 'incident':
    case 'change':
      return null
  }
}

/** Creates the functions of the seed's routes. */
export function createSeedApi({ clock, runs, reader, lives, ask, record }: SeedApiSources): SeedHandle {
  const find = createLayerFinder({
    runs,
    summaryOf: (run, layer) => reader.summary(run, layer, { nowMs: clock.wallMs(), lost: 0 }),
  })
  const past = createSeedPast({ find, runs, lives, record })
  const findSeed = (layerId: string, seedId: number, runId?: string) => {
    const { run, layer } = find(layerId, runId)
    if (seedId >= run.tables[layer]!.shape.rows) throw notFound('seed', 'seed')
    return { run, layer }
  }

  const seedNow = (layerId: string, seedId: number, runId?: string): SeedMoment => {
    const { run, layer } = findSeed(layerId, seedId, runId)
    const id = run.descriptor.run_id
    const notes = lives.ofSeed(id, layerId, seedId)
    return { run, layer, notes, complete: lives.isComplete(id), events: run.events }
  }

  const metricsOf = (run: KnownRun, layer: number, seed: number, one: ReturnType<typeof seedOf>) => {
    const siblings = siblingsIn(run, layer, seed, one.copy)
    const entryId = one.entry?.id ?? null
    return Object.fromEntries(
      run.descriptor.seed_columns.flatMap(({ name }, column): [string, SeedMetric][] => {
        if (name === 'state') return []
        const value = one.values[name] ?? null
        const { scope, values } = UNSCORED.has(name) ? { scope: 'layer' as const, values: null } : siblings(column)
        return [
          [
            name,
            {
              value,
              age_ms: value === null ? null : one.ageMs,
              entry_id: value === null ? null : entryId,
              siblings: values === null ? null : scoreAgainst(value, values, scope),
            },
          ],
        ]
      }),
    )
  }

  const topicOf = (index: number | undefined): string | null =>
    index === undefined ? null : (runs.topicOf(index) ?? null)

  return {
    async seed(layerId, seedId, { run: runId, at }): Promise<SeedDetail> {
      const found = at === undefined ? seedNow(layerId, seedId, runId) : await past.at(layerId, seedId, runId, at)
      const { run, layer, notes, complete, events } = found
      if (seedId >= run.tables[layer]!.shape.rows) throw notFound('seed', 'seed')
      const { descriptor } = run
      const one = seedOf(run, layer, seedId, at ?? clock.wallMs())
      const story = tellLives(notes)
      const topic = topicOf(one.entry?.topic)
      const named = descriptor.blueprints.find((entry) => entry.index === one.values['blueprint'])
      const { last } = story
      return {
        layer_id: layerId,
        run_id: descriptor.run_id,
        seed_id: seedId,
        total_seeds: run.tables[layer]!.shape.rows,
        origin: descriptor.origin,
        producer: descriptor.source,
        state: one.state as SeedStateName,
        state_since:
          last !== null && last.to_state === one.state ? { at_ms: last.at_ms, step: last.step, tick: last.tick } : null,
        age_ms: one.ageMs,
        ingest_ms: one.ingestMs,
        interval_ms: one.intervalMs,
        freshness: one.freshness,
        step: one.step,
        tick: one.tick,
        generation: one.values['generation'] ?? null,
        blueprint_id: named?.blueprint_id ?? null,
        entry: topic === null || one.entry === null ? null : { topic, entry_id: one.entry.id },
        metrics: metricsOf(run, layer, seedId, one),
        transitions: events
          .filter((event): event is TransitionRecord => event.kind === 'transition' && isOfSeed(event, layerId, seedId))
          .toReversed()
          .slice(0, MAX_TRANSITIONS),
        lives: story.lives.slice(-MAX_LIVES),
        lives_total: story.lives.length,
        lives_complete: complete,
        edges: [...story.edges],
      }
    },
    async seedSeries(layerId, seedId, { run: runId, metrics, from, to, seconds, points, source }) {
      const isAway = to !== undefined && runId !== undefined && runs.get(runId) === undefined
      const found = isAway ? await past.at(layerId, seedId, runId, to) : seedNow(layerId, seedId, runId)
      const { run, layer, events } = found
      const columns = run.descriptor.seed_columns
      const asked = metrics ?? columns.map(({ name }) => name).slice(0, SERIES_LIMITS.metrics)
      for (const metric of asked) if (columnIndex(columns, metric) < 0) throw notFound('metric', 'metrics')
      const toMs = to ?? clock.wallMs()
      const fromMs = from ?? toMs - (seconds === undefined ? SERIES_LIMITS.defaultWindowMs : seconds * 1_000)
      if (fromMs >= toMs) throw new AppError('CONTRACT_INVALID', 'from is not before to', { path: 'from' })
      const isInside = (atMs: number) => atMs >= fromMs && atMs <= toMs
      const marks = events
        .filter((record) => isInside(record.at_ms) && isOfSeed(record, layerId, seedId))
        .flatMap((record) => toMark(record) ?? [])
      const request = { seed: seedId, metrics: asked, fromMs, toMs, points: points ?? SERIES_LIMITS.defaultPoints }
      const noneBecause = whyNoSeries(run, layer)
      const memory = noneBecause === null ? openPast(run, layer) : null
      // The window that moves along is memory's: only one that ends somewhere is looked for on the disk.
      const recorded =
        source === undefined && (to === undefined || reachesBack(memory, fromMs, run.descriptor.expected_interval_ms))
          ? null
          : await past.series({ ...request, run: run.descriptor.run_id, layerId })
      const isFurther = recorded?.firstMs != null && recorded.firstMs < (firstKept(memory) ?? Infinity)
      const useDisk = recorded !== null && (isFurther || source !== undefined)
      return {
        layer_id: layerId,
        run_id: run.descriptor.run_id,
        seed_id: seedId,
        from_ms: fromMs,
        to_ms: toMs,
        none_because: useDisk ? null : noneBecause,
        series: [...(useDisk ? recorded.series : readMetricSeries({ ...request, run, layer }))],
        gaps: (useDisk ? recorded.gaps : run.gaps).filter((gap) => gap.to_ms >= fromMs && gap.from_ms <= toMs),
        marks: marks.slice(-MAX_MARKS),
        marks_of: marks.length,
      }
    },
    async seedRaw(layerId, seedId, { run: runId, before, limit, kind }) {
      const { run, layer } = findSeed(layerId, seedId, runId)
      const { run_id, telemetry_src, epoch, seed_columns } = run.descriptor
      const answer = await ask('seed-entries', {
        run: { run_id, telemetry_src, epoch, seed_columns },
        layer,
        layer_id: layerId,
        seed_id: seedId,
        telemetry_topic: topicOf(seedOf(run, layer, seedId, clock.wallMs()).entry?.topic),
        before: before ?? null,
        limit: limit ?? RAW_LIMITS.defaultEntries,
        kind: kind ?? null,
      })
      const { topics, entries, next, looked_at } = answer
      return { layer_id: layerId, run_id, seed_id: seedId, topics: [...topics], entries: [...entries], next, looked_at }
    },
  }
}
