/*
 * Glossary: what every word, state, freshness and metric on these pages means.
 * In: the columns of a run. Out: terms in groups, to list and to search.
 * Invariant: every lifecycle state, every freshness and every metric of the catalogue or of the run has its explanation.
 * Source: docs/ux.md "glossary"; docs/architecture.md "words"; features H13.
 */
import type { Freshness } from '../../lib/contracts/freshness.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { LEGAL_EDGES, SEED_STATE_ID, SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { LAYER_COLUMNS, SEED_COLUMNS, type MetricColumn } from '../../lib/contracts/metrics.ts'
import { stateLabel } from '../heatmap/stateGlyph.ts'

export interface Term {
  /** `state:TRAINING`, `metric:alpha`: what a link to it names. */
  readonly id: string
  readonly group: 'Lifecycle states' | 'Freshness' | 'Metrics of a seed' | 'Metrics of a layer' | 'Words'
  readonly term: string
  readonly text: string
  /** Unit, range and the like; empty when there is none. */
  readonly facts: string
}

const STATE_TEXTS: Readonly<Record<SeedState, string>> = {
  DORMANT: 'Empty place: no module, no cost. The host computes as if nothing were here.',
  GERMINATED: 'A blueprint was chosen and its module built. It does not compute yet.',
  TRAINING: 'The module learns beside the host, which does not hear it yet.',
  GRAFTING: 'The module is blended in: alpha rises from 0 towards 1.',
  STABILIZATION: 'Fully blended; the host gets time to settle before anything is judged.',
  EVALUATING: 'The module’s contribution is measured: is the host better with it than without?',
  FINE_TUNING: 'The module earned its place so far and is trained on together with the host.',
  FOSSILIZED: 'Kept for good. There is no way back from here.',
  CULLED: 'Removed because it did not help; the place waits for its embargo to end.',
  CANCELLED: 'Given up on command before it was blended in; the place waits for its embargo to end.',
  ROLLED_BACK:
    'Taken out because something went wrong (a guard, a governor, numbers that are none); then dormant again.',
}

const FRESHNESS_TEXTS: Readonly<Record<Freshness, string>> = {
  fresh: 'As young as its producer’s usual pace lets expect.',
  late: 'Older than 3 usual intervals, or than 5 s. Shown with a small clock.',
  stale: 'Older than 10 usual intervals, or than 15 s. Hatched; the value is the last known one.',
  silent: 'Older than 60 s, or its producer said goodbye. Only an outline is left.',
  never: 'Nothing was ever reported. Not zero: unknown.',
}

const WORDS: readonly (readonly [string, string])[] = [
  ['Layer', 'A layer of the host network: the unit of ordering and of commands.'],
  ['Seed', 'A place in a layer where a module can grow, named layer/row.'],
  ['Life', 'One passage of a seed from germination to its end; the generation counts them.'],
  ['Blueprint', 'The recipe of a module.'],
  ['Governor', 'The watch over the loss that restores a snapshot when training diverges.'],
  ['Tick', 'A fixed number of training steps: the unit of telemetry and of decisions.'],
  ['Run', 'One training from its seed to its end, or one generated load.'],
  [
    'Generated load',
    'Numbers made up in the likeness of a trainer to load the system. Nothing is trained; it is labelled everywhere and never mixed with a trainer’s run.',
  ],
  ['Outcome', 'The one final answer to a command.'],
  ['Gap', 'A time for which telemetry is missing: hatched, with its cause and how many reports were lost.'],
  ['Worst of', 'When cells are more than pixels, a cell shows the most alarming of its seeds, never their mean.'],
  ['n of m points', 'A curve was thinned: of every bin the least and the greatest stay, so no peak is lost.'],
  ['Unmeasured', 'No value exists. It has a pattern of its own and is never drawn as zero.'],
]

const ends = { low: 'low is alarming', high: 'high is alarming', none: 'neither end is alarming' } as const
const origins = {
  task: 'measured on the task itself',
  proxy: 'a proxy, not the task itself',
  lifecycle: 'bookkeeping of the lifecycle',
  host: 'measured on the host',
} as const

const metricTerm = (column: MetricColumn, group: Term['group']): Term => ({
  id: `metric:${column.name}`,
  group,
  term: column.label,
  text: column.help,
  facts: `${column.name}, ${column.unit}; drawn from ${column.min} to ${column.max}${column.scale === 'log' ? ' (log)' : ''}; ${ends[column.worst]}; ${origins[column.provenance]}`,
})

/** Lists every term; the columns of the shown run win over those of the catalogue. */
export function glossaryTerms(columns: readonly MetricColumn[] = []): readonly Term[] {
  const own = new Set(columns.map((column) => column.name))
  const seedColumns = [...columns, ...SEED_COLUMNS.filter((column) => !own.has(column.name))]
  return [
    ...SEED_STATES.map((state): Term => {
      const next = LEGAL_EDGES[state].map((to) => stateLabel(SEED_STATE_ID[to]).toLowerCase())
      return {
        id: `state:${state}`,
        group: 'Lifecycle states',
        term: stateLabel(SEED_STATE_ID[state]),
        text: STATE_TEXTS[state],
        facts: next.length === 0 ? 'an end' : `may become ${next.join(', ')}`,
      }
    }),
    ...Object.entries(FRESHNESS_TEXTS).map(([name, text]): Term => ({
      id: `freshness:${name}`,
      group: 'Freshness',
      term: name,
      text,
      facts: '',
    })),
    ...seedColumns.map((column) => metricTerm(column, 'Metrics of a seed')),
    ...LAYER_COLUMNS.map((column) => metricTerm(column, 'Metrics of a layer')),
    ...WORDS.map(([term, text]): Term => ({ id: `word:${term.toLowerCase()}`, group: 'Words', term, text, facts: '' })),
  ]
}

/** Keeps the terms in which every word of the query stands somewhere. */
export function searchTerms(terms: readonly Term[], query: string): readonly Term[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return terms.filter(({ term, text, facts }) => {
    const all = `${term} ${text} ${facts}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
}
