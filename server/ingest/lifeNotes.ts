/*
 * lifeNotes: what happened to one seed, with everything its biography is told from: guards, paired readings, refusals, recipes.
 * In: validated event messages. Out: plain notes with the entry they came from; nothing for messages about no single seed.
 * Invariant: pure; what a producer did not tell is null, never assumed.
 * Source: docs/protocol.md "lives"; seed-design.md 2.3, 2.4.
 */
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { isLegalEdge } from '../../lib/contracts/lifecycleTable.ts'
import { GuardReading, type EntryRef, type LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { AnyMessage, MessageOf } from '../../lib/contracts/messageTypes.ts'

interface NoteBase {
  readonly run_id: string
  readonly layer_id: string
  readonly seed_id: number
  readonly at_ms: number
  readonly step: number | null
  readonly tick: number | null
  readonly generation: number | null
  readonly entry: EntryRef | null
  /** It came after what its source said later. */
  readonly late?: boolean
}

type Transition = Extract<LiveRecord, { kind: 'transition' }>

export interface TransitionNote extends NoteBase {
  readonly kind: 'transition'
  readonly from_state: SeedState
  readonly to_state: SeedState
  readonly reason: string
  readonly triggered_by: Transition['triggered_by']
  readonly guard: GuardReading | null
  readonly guards: readonly GuardReading[]
  readonly forced: boolean | null
  readonly correlation_id: string | null
  /** The command that did it, where the publisher tells it apart from the thread. */
  readonly causation_id?: string | null
  readonly legal: boolean
  readonly blueprint_id: string | null
  readonly strategy: string | null
}

export interface ReadingNote extends NoteBase {
  readonly kind: 'reading'
  readonly samples: number
  readonly accuracy_on: number | null
  readonly accuracy_off: number | null
  readonly loss_delta: number | null
  /** Right with the seed and wrong without it, and the other way round; null where only the accuracies were told. */
  readonly discordant: readonly [on: number, off: number] | null
}

export interface RefusalNote extends NoteBase {
  readonly kind: 'refusal'
  readonly from_state: SeedState
  readonly to_state: SeedState
  readonly guard: GuardReading
  readonly suppressed: number
}

export interface BlueprintNote extends NoteBase {
  readonly kind: 'blueprint'
  readonly blueprint_id: string
  readonly strategy: string | null
  readonly parameters: number | null
}

export type LifeNote = TransitionNote | ReadingNote | RefusalNote | BlueprintNote

const MAX_GUARDS = 32

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const labelOf = (value: unknown): string | null =>
  typeof value === 'string' && value.length > 0 && value.length <= 128 ? value : null

/** Fields beyond the schema are kept as they came: each is looked at before it is believed. */
function guardsOf(value: unknown): readonly GuardReading[] {
  if (!Array.isArray(value)) return []
  return value
    .slice(0, MAX_GUARDS)
    .map((entry) => GuardReading.safeParse(entry))
    .flatMap((parsed) => (parsed.success ? [parsed.data] : []))
}

function discordantOf(message: MessageOf<'CounterfactualReading'>): ReadingNote['discordant'] {
  const on = message['discordant_on']
  const off = message['discordant_off']
  if (!isCount(on) || !isCount(off) || on + off > message.samples) return null
  return [on, off]
}

interface NoteContext {
  readonly runId: string
  readonly atMs: number
  readonly entry: EntryRef | null
  readonly late?: boolean
}

type SeedMessage = Extract<
  AnyMessage,
  { message_type: 'StateTransitionEvent' | 'CounterfactualReading' | 'GuardEvent' | 'BlueprintEvent' }
>

const baseOf = (message: SeedMessage, { runId, atMs, entry, late = false }: NoteContext): NoteBase => ({
  ...(late ? { late } : {}),
  run_id: runId,
  layer_id: message.layer_id,
  seed_id: message.seed_id,
  at_ms: atMs,
  step: message.step ?? null,
  tick: message.tick ?? null,
  generation: message.generation ?? null,
  entry,
})

type SeedType = SeedMessage['message_type']
type Makers = { readonly [N in SeedType]: (message: MessageOf<N>, context: NoteContext) => LifeNote | null }

const MAKERS: Makers = {
  StateTransitionEvent: (message, context) => ({
    kind: 'transition',
    ...baseOf(message, context),
    from_state: message.from_state,
    to_state: message.to_state,
    reason: message.reason,
    triggered_by: message.triggered_by,
    guard: message.guard ?? null,
    guards: guardsOf(message['guards']),
    forced: typeof message['forced'] === 'boolean' ? message['forced'] : null,
    correlation_id: message.correlation_id ?? null,
    causation_id: message.causation_id ?? null,
    legal: isLegalEdge(message.from_state, message.to_state),
    blueprint_id: message.blueprint_id ?? null,
    strategy: labelOf(message['grafting_strategy']),
  }),
  CounterfactualReading: (message, context) => ({
    kind: 'reading',
    ...baseOf(message, context),
    samples: message.samples,
    accuracy_on: message.accuracy_on,
    accuracy_off: message.accuracy_off,
    loss_delta: message.loss_on === null || message.loss_off === null ? null : message.loss_off - message.loss_on,
    discordant: discordantOf(message),
  }),
  GuardEvent: (message, context) => ({
    kind: 'refusal',
    ...baseOf(message, context),
    from_state: message.from_state,
    to_state: message.to_state,
    guard: message.guard,
    suppressed: message.suppressed,
  }),
  BlueprintEvent(message, context) {
    if (message.operation === 'removed') return null
    const { parameters } = message.details as { readonly parameters?: unknown }
    return {
      kind: 'blueprint',
      ...baseOf(message, context),
      blueprint_id: message.blueprint_id,
      strategy: message.grafting_strategy ?? null,
      parameters: isCount(parameters) ? parameters : null,
    }
  },
}

/** Translates one message; null when no life is told from it. */
export function toLifeNote(message: AnyMessage, context: NoteContext): LifeNote | null {
  if (!Object.hasOwn(MAKERS, message.message_type)) return null
  // The table's key is the discriminant: the maker of a name gets a message of that name.
  const make = MAKERS[message.message_type as SeedType] as (
    message: AnyMessage,
    context: NoteContext,
  ) => LifeNote | null
  return make(message, context)
}

/** A transition that was told as a record only, by publishers whose messages have a form of their own. */
export function noteOfRecord(draft: Omit<Transition, 'offset'>): LifeNote | null {
  if (draft.run_id === null) return null
  const { entry, late: _late, ...rest } = draft
  return {
    ...rest,
    causation_id: rest.causation_id ?? null,
    run_id: draft.run_id,
    entry: entry ?? null,
    guards: rest.guard === null ? [] : [rest.guard],
    forced: null,
    strategy: null,
  }
}
