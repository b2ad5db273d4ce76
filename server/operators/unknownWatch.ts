/*
 * unknownWatch: what telemetry says of a command whose outcome never came: it was applied after all, it was not, or nobody can tell yet.
 * In: a command, the transitions of its seed since it was sent, the layer now. Out: a verdict with its evidence.
 * Invariant: only evidence settles: a transition that names the command, or two fresh frames after its time has passed; without it the
 * answer stays unknown.
 * Source: docs/commands.md "unknown"; docs/protocol.md "commands".
 */
import { causeOf } from '../../lib/contracts/causes.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { LayerView } from './networkView.ts'
import type { StoredCommand } from './storedCommand.ts'

export type UnknownVerdict =
  | { readonly kind: 'applied'; readonly text: string }
  | { readonly kind: 'not-applied'; readonly text: string }
  | { readonly kind: 'open'; readonly text: string }

export type Transition = Extract<LiveRecord, { kind: 'transition' }>

export interface Evidence {
  readonly nowMs: number
  readonly issuedMs: number
  /** Null: the layer is not known. */
  readonly layer: LayerView | null
  /** Of the layer, since the command was issued, oldest first. */
  readonly transitions: readonly Transition[]
  /** Ticks of the layer seen since the command's time passed; null before the first. */
  readonly freshTicks: number | null
}

/** The bus may hold an entry this long beyond its time before the layer refuses it: what is told by then is not yet the end. */
const SETTLE_MS = 2_000
const FRAMES = 2

interface Place {
  readonly seedId: number
  readonly from: SeedState | null
  readonly generation: number | null
  readonly to: SeedState | null
}

function placesOf(command: StoredCommand): Place[] {
  const { basis, seedId, targetState } = command
  if (seedId !== null)
    return [{ seedId, from: basis?.state ?? null, generation: basis?.generation ?? null, to: targetState }]
  const parts = command.body['commands']
  if (command.type !== 'BatchCommand' || !Array.isArray(parts)) return []
  return (parts as { readonly seed_id: number; readonly target_state?: SeedState }[]).map((part) => ({
    seedId: part.seed_id,
    from: null,
    generation: null,
    to: part.target_state ?? null,
  }))
}

/** Judges one unknown command. Pure. */
export function judgeUnknown(command: StoredCommand, evidence: Evidence): UnknownVerdict {
  const { layer, transitions, nowMs, issuedMs, freshTicks } = evidence
  const named = transitions.find((record) => causeOf(record) === command.id)
  if (named !== undefined)
    return {
      kind: 'applied',
      text: `seed ${named.seed_id} went from ${named.from_state} to ${named.to_state} and names this command`,
    }
  const waitMs = issuedMs + command.ttlMs + SETTLE_MS - nowMs
  if (waitMs > 0) return { kind: 'open', text: `it may still be applied for ${Math.ceil(waitMs / 1_000)} s` }
  if (command.type === 'NoOp') return { kind: 'not-applied', text: 'a no-op changes nothing; nobody answered' }
  const fresh = layer !== null && (layer.freshness === 'fresh' || layer.freshness === 'late')
  if (!fresh) return { kind: 'open', text: 'no fresh telemetry of the layer to tell by' }
  if (freshTicks === null || freshTicks < FRAMES) return { kind: 'open', text: 'waiting for two fresh frames' }
  const places = placesOf(command)
  if (places.length === 0) return { kind: 'open', text: 'telemetry does not show what this command changes' }
  return judgePlaces(command, places, layer, transitions)
}

function judgePlaces(
  command: StoredCommand,
  places: readonly Place[],
  layer: LayerView,
  transitions: readonly Transition[],
): UnknownVerdict {
  for (const { seedId, from, generation, to } of places) {
    const seed = layer.seed(seedId)
    const others = transitions.filter((record) => record.seed_id === seedId)
    // Publishers of the older dialect name no cause: the same step of the same seed is taken for ours.
    const unnamed = others.find((one) => causeOf(one) === null && one.from_state === from && one.to_state === to)
    if (unnamed !== undefined)
      return {
        kind: 'applied',
        text: `seed ${seedId} went from ${unnamed.from_state} to ${unnamed.to_state}; no cause is named`,
      }
    if (others.length > 0) continue
    const begins = to === 'GERMINATED' || (to === null && from === 'DORMANT')
    const wanted = to ?? (from === 'DORMANT' ? 'GERMINATED' : null)
    if (from !== null && wanted !== null && seed.state === wanted && from !== wanted) {
      const sameLife = generation === null || seed.generation === null || seed.generation === generation
      const nextLife = generation !== null && seed.generation === generation + 1
      if (sameLife || (begins && nextLife))
        return { kind: 'applied', text: `seed ${seedId} is in ${wanted}, and nothing else is known to have done that` }
    }
    const blueprint = layer.metric('blueprint', seedId)
    if (command.type === 'BlueprintUpdateCommand' && from === 'GERMINATED') {
      const index = layer.run.descriptor.blueprints.find(
        (known) => known.blueprint_id === command.body['blueprint_id'],
      )?.index
      if (index === undefined || command.basis?.blueprint === index)
        return { kind: 'open', text: 'the blueprint looks the same before and after' }
      if (blueprint === index) return { kind: 'applied', text: `seed ${seedId} carries the blueprint` }
    }
    if (from !== null && seed.state !== from)
      return { kind: 'open', text: `seed ${seedId} is in ${seed.state}, and it is not known what did that` }
  }
  const text =
    places.length === 1 ? `seed ${places[0]!.seedId} shows no trace of it` : 'none of its seeds shows a trace of it'
  return { kind: 'not-applied', text: `${text} in two fresh frames after its time had passed` }
}
