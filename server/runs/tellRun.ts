/*
 * tellRun: what growing did in one run, told the same of a live and of a recorded one.
 * In: descriptor, evaluations, faults and life notes. Out: curve, growth marks, parameter steps, blueprint table, read lives.
 * Invariant: pure; a thing told twice counts once; thinning keeps the extremes; lives nobody read are counted by the table only.
 * Source: docs/protocol.md "runs and recordings"; seed-design.md 2.3, 2.4.
 */
import {
  RUN_LIMITS,
  type RunBlueprintRow,
  type RunDetail,
  type RunLife,
  type RunMark,
  type RunPoint,
} from '../../lib/contracts/httpRuns.ts'
import type { SeedStateName } from '../../lib/contracts/httpShapes.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { LifeNote, TransitionNote } from '../ingest/lifeNotes.ts'
import { tellLives } from '../state/lives.ts'

type Evaluation = Extract<LiveRecord, { kind: 'evaluation' }>

export interface RunSource {
  readonly descriptor: RunDescriptor
  readonly firstSeenMs: number
  /** Evaluations and faults; others are ignored. */
  readonly records: readonly LiveRecord[]
  readonly notes: readonly LifeNote[]
  /** False when older notes were let go. */
  readonly complete: boolean
}

export type ToldRun = Omit<RunDetail, 'keeping' | 'problem' | 'server_ms' | 'pictures'>

const PARAMETER_STEPS = 512

/** Recorded once, from a network that had the grown size from its first step on: docs/training.md. */
const STATIC_COMPARATOR = Object.freeze({
  accuracy: 0.934,
  split: 'test',
  parameters: 20_922,
  steps: 16_000,
  run_seed: 1,
  recorded: 1,
})

const noteKey = (note: LifeNote): string =>
  note.entry === null
    ? [
        note.kind,
        note.layer_id,
        note.seed_id,
        note.generation,
        note.step ?? note.at_ms,
        note.kind === 'transition' ? note.to_state : '',
      ].join(' ')
    : `${note.kind} ${note.layer_id} ${note.seed_id} ${note.entry.topic} ${note.entry.entry_id}`

/** Drops what was told again, as after a restart of the reading side. */
export function once(notes: readonly LifeNote[]): readonly LifeNote[] {
  const seen = new Set<string>()
  return notes.filter((note) => {
    const key = noteKey(note)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function curveOf(records: readonly LiveRecord[]): readonly RunPoint[] {
  const bySteps = new Map<number, RunPoint>()
  for (const record of records) {
    if (record.kind !== 'evaluation') continue
    const { step, at_ms, val_accuracy, val_loss, train_accuracy, parameters } = record satisfies Evaluation
    bySteps.set(step, { step, at_ms, val_accuracy, val_loss, train_accuracy, parameters })
  }
  return [...bySteps.values()].toSorted((a, b) => a.step - b.step)
}

/** Keeps at most `limit` points: of each bin the least and the greatest validation accuracy, and always the last point. */
export function thinCurve(points: readonly RunPoint[], limit: number): readonly RunPoint[] {
  if (points.length <= limit) return points
  if (limit < 4) return limit === 0 ? [] : points.slice(-limit)
  const bins = Math.floor((limit - 1) / 2)
  const kept: RunPoint[] = []
  for (let bin = 0; bin < bins; bin++) {
    const slice = points.slice(Math.floor((bin * points.length) / bins), Math.floor(((bin + 1) * points.length) / bins))
    const known = slice.filter((point) => point.val_accuracy !== null)
    if (known.length === 0) {
      kept.push(slice[0]!)
      continue
    }
    const low = known.reduce((a, b) => (b.val_accuracy! < a.val_accuracy! ? b : a))
    const high = known.reduce((a, b) => (b.val_accuracy! > a.val_accuracy! ? b : a))
    kept.push(...(low === high ? [low] : low.step < high.step ? [low, high] : [high, low]))
  }
  if (kept.at(-1) !== points.at(-1)) kept.push(points.at(-1)!)
  return kept
}

function parameterSteps(points: readonly RunPoint[]): RunDetail['parameter_steps'] {
  const steps: { step: number; parameters: number; delta: number }[] = []
  let before: number | null = null
  for (const { step, parameters } of points) {
    if (parameters === null || parameters === before) continue
    steps.push({ step, parameters, delta: before === null ? 0 : parameters - before })
    before = parameters
  }
  return steps.slice(-PARAMETER_STEPS)
}

const MARKED: ReadonlySet<string> = new Set(['GERMINATED', 'FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK'])

function marksOf(transitions: readonly TransitionNote[], records: readonly LiveRecord[]): readonly RunMark[] {
  const grown = transitions.flatMap((note): RunMark[] =>
    note.step !== null && MARKED.has(note.to_state)
      ? [
          {
            step: note.step,
            at_ms: note.at_ms,
            kind: note.to_state as RunMark['kind'],
            layer_id: note.layer_id,
            seed_id: note.seed_id,
            blueprint_id: note.blueprint_id,
          },
        ]
      : [],
  )
  const faults = records.flatMap((record): RunMark[] =>
    record.kind === 'fault' && record.step !== null
      ? [
          {
            step: record.step,
            at_ms: record.at_ms,
            kind: 'fault',
            layer_id: record.layer_id,
            seed_id: record.seed_id,
            blueprint_id: null,
          },
        ]
      : [],
  )
  return [...grown, ...faults].toSorted((a, b) => a.step - b.step)
}

type Row = { -readonly [K in keyof RunBlueprintRow]: RunBlueprintRow[K] }

/** Counts lives by blueprint; rows in the order of the run's own table, unknown ones after it. */
export function countBlueprints(
  transitions: readonly TransitionNote[],
  blueprints: RunDescriptor['blueprints'],
): readonly RunBlueprintRow[] {
  const rows = new Map<string, Row>()
  const rowOf = (id: string): Row => {
    const known = rows.get(id)
    if (known !== undefined) return known
    const said = blueprints.find((one) => one.blueprint_id === id)
    const row: Row = {
      blueprint_id: id,
      parameters: said === undefined || said.parameters === 0 ? null : said.parameters,
      note: said?.note ?? '',
      tried: 0,
      fossilised: 0,
      culled: 0,
      cancelled: 0,
      rolled_back: 0,
      culled_from: {},
    }
    rows.set(id, row)
    return row
  }
  for (const { blueprint_id: id } of blueprints) rowOf(id)
  for (const { blueprint_id: id, from_state: from, to_state: to } of transitions) {
    if (id === null) continue
    const row = rowOf(id)
    if (to === 'GERMINATED') row.tried++
    else if (to === 'FOSSILIZED') row.fossilised++
    else if (to === 'CANCELLED') row.cancelled++
    else if (to === 'ROLLED_BACK') row.rolled_back++
    else if (to === 'CULLED') {
      row.culled++
      row.culled_from[from] = (row.culled_from[from] ?? 0) + 1
    }
  }
  return [...rows.values()]
}

/** Lives whose contribution was read at least once, newest first. */
function readLives(notes: readonly LifeNote[]): readonly RunLife[] {
  const slotOf = (note: LifeNote): string => `${note.layer_id} ${note.seed_id}`
  const read = new Set(notes.flatMap((note) => (note.kind === 'reading' ? [slotOf(note)] : [])))
  const slots = Map.groupBy(
    notes.filter((note) => read.has(slotOf(note))),
    slotOf,
  )
  const lives = [...slots.values()].flatMap((ofSlot) =>
    tellLives(ofSlot).lives.flatMap((life): RunLife[] =>
      life.contributions.length === 0
        ? []
        : [
            {
              layer_id: ofSlot[0]!.layer_id,
              seed_id: ofSlot[0]!.seed_id,
              generation: life.generation,
              blueprint_id: life.blueprint_id,
              from: life.from,
              end: (life.end?.state ?? null) as SeedStateName | null,
              reads: life.contributions.slice(-RUN_LIMITS.reads),
              reads_of: life.contributions.length,
            },
          ],
    ),
  )
  return lives.toSorted((a, b) => b.reads.at(-1)!.at_ms - a.reads.at(-1)!.at_ms)
}

/** Tells everything but how it is kept; the curve is whole. */
export function tellRun({ descriptor, firstSeenMs, records, notes, complete }: RunSource): ToldRun {
  const told = once(notes)
  const transitions = told.filter((note) => note.kind === 'transition')
  const curve = curveOf(records)
  const marks = marksOf(transitions, records)
  const lives = readLives(told)
  const newestMs = Math.max(curve.at(-1)?.at_ms ?? -Infinity, told.at(-1)?.at_ms ?? -Infinity)
  const isOurs = descriptor.origin === 'trainer' && descriptor.dataset.name.includes('digits')
  return {
    run_id: descriptor.run_id,
    title: descriptor.title,
    origin: descriptor.origin,
    seed: descriptor.seed,
    first_seen_ms: firstSeenMs,
    newest_ms: Number.isFinite(newestMs) ? newestMs : null,
    layers: descriptor.layers.map(({ layer_id, seeds }) => ({ layer_id, seeds })),
    seed_columns: [...descriptor.seed_columns],
    host_parameters: descriptor.host_parameters,
    known_blueprints: descriptor.blueprints,
    curve: [...curve],
    curve_of: curve.length,
    control: descriptor.control_curve,
    static_comparator: isOurs ? STATIC_COMPARATOR : null,
    parameter_steps: parameterSteps(curve),
    marks: marks.slice(-RUN_LIMITS.marks),
    marks_of: marks.length,
    blueprints: [...countBlueprints(transitions, descriptor.blueprints)],
    transitions: transitions.length,
    lives: lives.slice(0, RUN_LIMITS.lives),
    lives_of: lives.length,
    complete,
  }
}
