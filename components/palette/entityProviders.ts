/*
 * Entity providers: layers, seeds, alerts, metrics, blueprints, runs, events, streams, terms: what can be found by name.
 * In: the palette's context. Out: providers.
 * Invariant: only what exists is offered; choosing one leads to where it is, with the rest of the view kept.
 * Source: docs/ux.md "command palette"; features H2, H13.
 */
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { placeText, SEVERITY_ICONS } from '../alerts/alertWords.ts'
import { eventText } from '../events/eventText.ts'
import { glossaryTerms, type Term } from '../glossary/glossary.ts'
import { colourable } from '../heatmap/metricChoice.ts'
import { PAGE_PATHS } from '../live/pageLinks.ts'
import { NOTHING, type PaletteContext, type PaletteEntry, type PaletteProvider } from './paletteEntry.ts'
import { bestOf, scoreOf } from './scoreOf.ts'
import { findSeeds } from './seedQuery.ts'

const layersOf = ({ shown }: PaletteContext) => shown?.descriptor.layers ?? []
const rest = (id: string): string => id.slice(id.indexOf(':') + 1)

const layerEntry = (layerId: string, seeds: number, score: number): PaletteEntry => ({
  id: `layer:${layerId}`,
  label: layerId,
  hint: `layer of ${formatCount(seeds)} seeds`,
  icon: 'layers',
  score,
  choose: (hands) => hands.go(PAGE_PATHS.layer(layerId)),
})

const layers: PaletteProvider = {
  id: 'layer',
  title: 'Layers',
  kind: 'entity',
  search: (query, context, limit) =>
    query === ''
      ? NOTHING
      : bestOf(
          layersOf(context).map(({ layer_id: id, seeds }) => layerEntry(id, seeds, scoreOf(id, query))),
          limit,
        ),
  find(id, context) {
    const layer = layersOf(context).find(({ layer_id: layerId }) => layerId === rest(id))
    return layer ? layerEntry(layer.layer_id, layer.seeds, 1) : null
  },
}

const seedEntry = (layerId: string, seedId: number, score: number): PaletteEntry => ({
  id: `seed:${layerId}/${seedId}`,
  label: `${layerId}/${seedId}`,
  hint: 'seed',
  icon: 'seed',
  score,
  choose: (hands) => hands.go(PAGE_PATHS.seed({ layerId, seedId }), { selection: { layerId, seedId } }),
})

const seeds: PaletteProvider = {
  id: 'seed',
  title: 'Seeds',
  kind: 'entity',
  search(query, context, limit) {
    const { entries, of } = findSeeds(query, layersOf(context), limit)
    return { entries: entries.map(({ layerId, seedId, score }) => seedEntry(layerId, seedId, score)), of }
  },
  find(id, context) {
    const place = rest(id)
    const at = place.lastIndexOf('/')
    const [layerId, seedId] = [place.slice(0, at), Number(place.slice(at + 1))]
    const layer = layersOf(context).find(({ layer_id: name }) => name === layerId)
    return layer !== undefined && seedId < layer.seeds ? seedEntry(layerId, seedId, 1) : null
  },
}

function* metricEntries({ shown, state }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const { name, label, help } of colourable(shown?.descriptor.seed_columns ?? []))
    yield {
      id: `metric:${name}`,
      label,
      hint: `${name === state.metric && state.mode === 'value' ? 'shown now: ' : 'colour by: '}${help}`,
      icon: 'curve',
      score: Math.max(scoreOf(label, query), scoreOf(name, query)),
      choose: (hands) => hands.set({ metric: name, mode: 'value' }),
    }
}

function* blueprintEntries({ shown }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const { blueprint_id: name, parameters, note } of shown?.descriptor.blueprints ?? [])
    yield {
      id: `blueprint:${name}`,
      label: name,
      hint: `blueprint, ${parameters > 0 ? `${formatCount(parameters)} parameters` : note}`,
      icon: 'disk',
      score: scoreOf(name, query),
      choose: (hands) => hands.go('/run'),
    }
}

function* runEntries({ runs, recorded, shown }: PaletteContext, query: string): Generator<PaletteEntry> {
  const live = new Set(runs.map(({ descriptor }) => descriptor.run_id))
  for (const { descriptor } of runs) {
    const { run_id: runId, title, origin } = descriptor
    yield {
      id: `run:${runId}`,
      label: runId,
      hint: `${shown?.descriptor.run_id === runId ? 'shown now: ' : ''}${origin} run, ${title}`,
      icon: origin === 'load-generator' ? 'load' : 'live',
      score: Math.max(scoreOf(runId, query), scoreOf(title, query)),
      choose: (hands) => hands.set({ runId, selection: null, metric: null }),
    }
  }
  for (const { run_id: runId, title } of recorded ?? []) {
    if (live.has(runId)) continue
    yield {
      id: `run:${runId}`,
      label: runId,
      hint: `recorded run, ${title}: compare with the shown one`,
      icon: 'disk',
      score: Math.max(scoreOf(runId, query), scoreOf(title, query)),
      choose: (hands) => hands.go('/run', { compare: runId }),
    }
  }
}

const eventEntry = (record: LiveRecord, query: string): PaletteEntry => {
  const { subject, text, icon, seed } = eventText(record, null)
  return {
    id: `event:${record.offset}`,
    label: `${subject} ${text}`,
    hint: `${formatUtc(record.at_ms)} UTC`,
    icon,
    score: scoreOf(`${subject} ${text}`, query),
    choose: (hands) => (seed ? hands.go(PAGE_PATHS.seed(seed), { selection: seed }) : hands.go('/')),
  }
}

/** The newest first: of equals the latest is meant. */
function* eventEntries({ events }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (let at = events.length - 1; at >= 0; at--) yield eventEntry(events[at]!, query)
}

function* streamEntries({ topics }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const topic of topics ?? [])
    yield {
      id: `stream:${topic}`,
      label: topic,
      hint: 'stream of the bus',
      icon: 'bus',
      score: scoreOf(topic, query),
      choose: (hands) => hands.go('/bus'),
    }
}

const termEntry = ({ id, term, text }: Term, query: string): PaletteEntry => ({
  id: `term:${id}`,
  label: term,
  hint: text,
  icon: 'help',
  // Its wire name finds it too.
  score: Math.max(scoreOf(term, query), scoreOf(rest(id), query)),
  choose: (hands) => hands.show({ kind: 'glossary', term: id }),
})

function* termEntries({ shown }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const term of glossaryTerms(shown?.descriptor.seed_columns)) yield termEntry(term, query)
}

function* alertEntries({ alerts }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const alert of alerts ?? [])
    yield {
      id: `alert:${alert.id}`,
      label: alert.text,
      hint: `${alert.severity}, ${placeText(alert)}`,
      icon: SEVERITY_ICONS[alert.severity],
      score: Math.max(
        scoreOf(alert.text, query),
        scoreOf(`${alert.severity} ${alert.rule} ${placeText(alert)}`, query),
      ),
      choose: (hands) => hands.open(`/alerts#${alert.id}`),
    }
}

/** A provider of a list that is short enough to walk through. */
function listProvider(
  id: string,
  title: string,
  entries: (context: PaletteContext, query: string) => Iterable<PaletteEntry>,
): PaletteProvider {
  return {
    id,
    title,
    kind: 'entity',
    search: (query, context, limit) => (query === '' ? NOTHING : bestOf(entries(context, query), limit)),
    find(wanted, context) {
      for (const entry of entries(context, '')) if (entry.id === wanted) return entry
      return null
    },
  }
}

export const ENTITY_PROVIDERS: readonly PaletteProvider[] = Object.freeze([
  seeds,
  layers,
  listProvider('alert', 'Open alerts', alertEntries),
  listProvider('metric', 'Metrics', metricEntries),
  listProvider('run', 'Runs', runEntries),
  listProvider('blueprint', 'Blueprints', blueprintEntries),
  listProvider('stream', 'Streams', streamEntries),
  listProvider('event', 'Events of this run', eventEntries),
  listProvider('term', 'Explanations', termEntries),
])
