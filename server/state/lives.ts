/*
 * lives: the biography of one slot, told from its notes: who lived there, in which states, for how long, and how it ended.
 * In: notes of ONE seed in the order they arrived. Out: lives oldest first, edges taken, since when the present state holds.
 * Invariant: pure; a repeated note counts once, a late one goes into the hole it belongs to, a hole that stays is said and
 * never bridged; an edge that is not in the scheme is kept and marked.
 * Source: seed-design.md 2.3; docs/ux.md "pages: seed".
 */
import type { EdgeCount, LifeMoment, LifeStay, LifeTransition, SeedLife } from '../../lib/contracts/httpSeed.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { BlueprintNote, LifeNote, ReadingNote, RefusalNote, TransitionNote } from '../ingest/lifeNotes.ts'
import { toContribution } from './livesContribution.ts'

/** How far back a note that came late may belong, and how near a repetition must be. */
const REORDER = 16
const MAX_PARTS = 256

export interface Biography {
  readonly lives: readonly SeedLife[]
  readonly edges: readonly EdgeCount[]
  /** Newest first. */
  readonly last: TransitionNote | null
}

const ENDS: ReadonlySet<SeedState> = new Set(['FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK'])

const momentOf = ({ at_ms, step, tick }: LifeMoment): LifeMoment => ({ at_ms, step, tick })

const isSame = (a: TransitionNote, b: TransitionNote): boolean =>
  a.from_state === b.from_state &&
  a.to_state === b.to_state &&
  a.generation === b.generation &&
  a.step === b.step &&
  a.tick === b.tick &&
  // Without a step, only the same cause within a second can be the same event told twice.
  (a.step !== null || (a.correlation_id === b.correlation_id && Math.abs(a.at_ms - b.at_ms) < 1_000))

interface Placed {
  readonly note: TransitionNote
  readonly late: boolean
}

/** Puts notes that came late where both neighbours fit them; everything else stays in the order of its arrival. */
function inOrder(notes: readonly TransitionNote[]): readonly Placed[] {
  const placed: Placed[] = []
  for (const note of notes) {
    const recent = placed.slice(-REORDER)
    if (recent.some((other) => isSame(other.note, note))) continue
    const last = placed.at(-1)?.note
    const at = last === undefined || last.to_state === note.from_state ? -1 : holeFor(note, placed)
    if (at < 0) placed.push({ note, late: false })
    else placed.splice(at, 0, { note, late: true })
  }
  return placed
}

function holeFor(note: TransitionNote, placed: readonly Placed[]): number {
  for (let at = placed.length - 1; at >= Math.max(0, placed.length - REORDER); at--) {
    const before = placed[at - 1]?.note
    const after = placed[at]!.note
    const isHole = before === undefined || before.to_state !== after.from_state
    const fits = after.from_state === note.to_state && (before === undefined || before.to_state === note.from_state)
    if (isHole && fits && (before !== undefined || sameLife(note, after))) return at
  }
  return -1
}

const sameLife = (a: TransitionNote, b: TransitionNote): boolean =>
  a.generation !== null && a.generation === b.generation

function oddityOf({ note, late }: Placed, before: TransitionNote | undefined): string | null {
  const parts: string[] = []
  if (!note.legal) parts.push(`${note.from_state} to ${note.to_state} is not an edge of the scheme`)
  if (before !== undefined && before.to_state !== note.from_state)
    parts.push(`before this it was ${before.to_state}: how it became ${note.from_state} was not seen`)
  if (before?.generation != null && note.generation !== null && note.generation < before.generation)
    parts.push(`the generation went back from ${before.generation} to ${note.generation}`)
  if (late) parts.push('it arrived after its successors and was put in its place')
  return parts.length === 0 ? null : parts.join('; ')
}

interface OpenLife {
  readonly placed: { readonly note: TransitionNote; readonly oddity: string | null }[]
  generation: number | null
  complete: boolean
}

const begins = (note: TransitionNote, open: OpenLife | null): boolean =>
  open === null ||
  note.to_state === 'GERMINATED' ||
  (note.generation !== null &&
    open.generation !== null &&
    note.generation > open.generation &&
    note.to_state !== 'DORMANT')

function split(placed: readonly Placed[]): readonly OpenLife[] {
  const lives: OpenLife[] = []
  let open: OpenLife | null = null
  let before: TransitionNote | undefined
  for (const one of placed) {
    const { note } = one
    const oddity = oddityOf(one, before)
    const hole = before !== undefined && before.to_state !== note.from_state
    if (open === null || begins(note, open)) {
      open = { placed: [], generation: note.generation, complete: note.to_state === 'GERMINATED' && !hole }
      lives.push(open)
    }
    open.placed.push({ note, oddity })
    open.generation ??= note.generation
    if (hole) open.complete = false
    before = note
    if (note.to_state === 'DORMANT') open = null
  }
  return lives
}

function staysOf(life: OpenLife, next: TransitionNote | undefined): readonly LifeStay[] {
  return life.placed.map(({ note }, at) => {
    const after = life.placed[at + 1]?.note
    const from = momentOf(note)
    // A stay whose end was not seen ends at latest where the next life begins, and its length is not known.
    if (after === undefined)
      return {
        state: note.to_state,
        from,
        to: next === undefined ? null : momentOf(next),
        dwell_ms: next !== undefined && next.from_state === note.to_state ? next.at_ms - note.at_ms : null,
        dwell_ticks: null,
      }
    const seen = after.from_state === note.to_state
    const ticks = after.tick === null || note.tick === null ? null : after.tick - note.tick
    return {
      state: note.to_state,
      from,
      to: momentOf(after),
      dwell_ms: seen ? Math.max(0, after.at_ms - note.at_ms) : null,
      dwell_ticks: seen && ticks !== null && ticks >= 0 ? ticks : null,
    }
  })
}

const toTransition = ({ note, oddity }: OpenLife['placed'][number]): LifeTransition => ({
  ...momentOf(note),
  from_state: note.from_state,
  to_state: note.to_state,
  reason: note.reason,
  triggered_by: note.triggered_by,
  guard: note.guard,
  guards: [...note.guards],
  forced: note.forced,
  correlation_id: note.correlation_id,
  causation_id: note.causation_id ?? null,
  legal: note.legal,
  oddity: oddity?.slice(0, 300) ?? null,
  entry: note.entry,
})

interface Extras {
  readonly readings: readonly ReadingNote[]
  readonly refusals: readonly RefusalNote[]
  readonly blueprints: readonly BlueprintNote[]
}

function toLife(life: OpenLife, next: TransitionNote | undefined, extras: Extras): SeedLife {
  const first = life.placed[0]!.note
  const notes = life.placed.map(({ note }) => note)
  const ending = notes.findLast((note) => ENDS.has(note.to_state))
  const released = notes.at(-1)!.to_state === 'DORMANT' ? notes.at(-1)! : undefined
  const lastMs = (released ?? next)?.at_ms ?? Number.POSITIVE_INFINITY
  const mine = <N extends LifeNote>(list: readonly N[]): readonly N[] =>
    list.filter((note) =>
      note.generation !== null && life.generation !== null
        ? note.generation === life.generation
        : note.at_ms >= first.at_ms && note.at_ms <= lastMs,
    )
  const recipe = mine(extras.blueprints).at(-1)
  return {
    generation: life.generation,
    blueprint_id: notes.findLast((note) => note.blueprint_id !== null)?.blueprint_id ?? recipe?.blueprint_id ?? null,
    strategy: notes.findLast((note) => note.strategy !== null)?.strategy ?? recipe?.strategy ?? null,
    parameters: recipe?.parameters ?? null,
    from: momentOf(first),
    to: ending === undefined ? ((released && momentOf(released)) ?? null) : momentOf(ending),
    end:
      ending === undefined
        ? null
        : { state: ending.to_state, reason: ending.reason, triggered_by: ending.triggered_by, guard: ending.guard },
    // The empty slot after its release belongs to nobody.
    states: staysOf(life, next)
      .filter((stay) => stay.state !== 'DORMANT')
      .slice(-MAX_PARTS),
    transitions: life.placed.slice(-MAX_PARTS).map(toTransition),
    contributions: mine(extras.readings).slice(-MAX_PARTS).map(toContribution),
    refusals: mine(extras.refusals)
      .slice(-MAX_PARTS)
      .map((note) => ({
        ...momentOf(note),
        from_state: note.from_state,
        to_state: note.to_state,
        guard: note.guard,
        suppressed: note.suppressed,
        entry: note.entry,
      })),
    legal: notes.every((note) => note.legal),
    complete: life.complete,
  }
}

function countEdges(placed: readonly Placed[]): Biography['edges'] {
  const counts = new Map<string, EdgeCount>()
  for (const { note } of placed) {
    const key = `${note.from_state}>${note.to_state}`
    const known = counts.get(key)
    const { from_state, to_state, legal } = note
    counts.set(key, { from_state, to_state, legal, count: (known?.count ?? 0) + 1 })
  }
  return [...counts.values()]
}

const isKind =
  <K extends LifeNote['kind']>(kind: K) =>
  (note: LifeNote): note is Extract<LifeNote, { kind: K }> =>
    note.kind === kind

/** Tells the biography of one slot. */
export function tellLives(notes: readonly LifeNote[]): Biography {
  const placed = inOrder(notes.filter(isKind('transition')))
  const opened = split(placed)
  const extras: Extras = {
    readings: notes.filter(isKind('reading')),
    refusals: notes.filter(isKind('refusal')),
    blueprints: notes.filter(isKind('blueprint')),
  }
  return {
    lives: opened.map((life, at) => toLife(life, opened[at + 1]?.placed[0]?.note, extras)),
    edges: countEdges(placed),
    last: placed.at(-1)?.note ?? null,
  }
}
