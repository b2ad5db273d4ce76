/*
 * gatewayWords: what the gateway tells of a command, in the words of its record.
 * In: GatewayCommand, CommandOutcome. Out: moves and stages.
 * Invariant: pure; an outcome of a repeat that names the command itself is the first outcome; UNKNOWN only settles.
 * Source: docs/commands.md "states"; docs/protocol.md "gateway control API".
 */
import type { GatewayCommand } from '../../lib/contracts/gatewayControl.ts'
import type { CommandState, CommandStage } from '../../lib/contracts/commandStates.ts'
import type { CommandOutcomeView } from '../../lib/contracts/httpCommands.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Move, StoredCommand } from './storedCommand.ts'

type FinalKind = Exclude<CommandOutcome['kind'], 'accepted'>

const ENDS: Readonly<Record<FinalKind, { readonly state: CommandState; readonly stage: CommandStage['stage'] }>> =
  Object.freeze({
    applied: { state: 'APPLIED', stage: 'applied' },
    failed: { state: 'FAILED', stage: 'failed' },
    rejected: { state: 'REJECTED', stage: 'rejected' },
    expired: { state: 'EXPIRED', stage: 'expired' },
    duplicate: { state: 'DUPLICATE', stage: 'duplicate' },
    superseded: { state: 'SUPERSEDED', stage: 'superseded' },
    cancelled: { state: 'CANCELLED', stage: 'cancelled' },
  })
const isEnd = (kind: unknown): kind is FinalKind => typeof kind === 'string' && Object.hasOwn(ENDS, kind)

/** A layer that knows the command answers a repeat as a duplicate of itself: then its first words count. */
function firstWords(
  outcome: CommandOutcome,
  id: string,
): { kind: FinalKind; code: string | null; text: string } | null {
  if (outcome.kind === 'accepted') return null
  const own = { kind: outcome.kind, code: outcome.code ?? null, text: outcome.text }
  if (outcome.kind !== 'duplicate' || outcome.duplicate_of !== id) return own
  const { outcome: kind, outcome_code: code, outcome_text: text } = outcome.details
  if (!isEnd(kind)) return own
  return { kind, code: typeof code === 'string' ? code : null, text: typeof text === 'string' ? text : '' }
}

/** The end an outcome means for this command as it stands; null when it says nothing final. */
export function endOf(command: StoredCommand, outcome: CommandOutcome): Omit<Move, 'atMs'> | null {
  const words = firstWords(outcome, command.id)
  if (words === null) return null
  const view: CommandOutcomeView = {
    kind: words.kind,
    ...(words.code === null ? {} : { code: words.code }),
    ...(words.text === '' ? {} : { text: words.text }),
  }
  const by = 'layer'
  if (command.state !== 'UNKNOWN') return { ...ENDS[words.kind], by, text: words.text, outcome: view }
  if (words.kind === 'applied')
    return {
      state: 'APPLIED_LATE',
      stage: 'applied late',
      by,
      text: words.text,
      outcome: { ...view, kind: 'applied_late' },
    }
  const text = `the layer said ${words.kind}${words.text === '' ? '' : `: ${words.text}`}`
  return { state: 'NOT_APPLIED', stage: 'not applied', by, text, outcome: { ...view, kind: 'not_applied', text } }
}

type Mark = GatewayCommand['stages'][number]

/** Stages of the gateway this record does not have yet, as moves where they move something. */
export function newMarks(
  command: StoredCommand,
  marks: readonly Mark[],
): readonly {
  readonly stage: CommandStage['stage']
  readonly state: CommandState | null
  readonly atMs: number
  readonly by: string
  readonly text: string
}[] {
  const has = new Set(command.stages.map(({ stage }) => stage))
  return marks.flatMap(({ stage, at_ms: atMs, path }) => {
    if (stage === 'taken' || has.has(stage)) return []
    const state = stage === 'received' || stage === 'queued' ? 'DELIVERED' : stage === 'started' ? 'STARTED' : null
    const by = stage === 'sent' ? 'gateway' : 'layer'
    return [{ stage, state, atMs, by, text: path === null ? '' : `by ${path}` }]
  })
}

/** What the gateway's own end means when no outcome came. */
export function silentEnd(state: GatewayCommand['state'], text: string): Omit<Move, 'atMs'> | null {
  if (state === 'undelivered')
    return {
      state: 'FAILED',
      stage: 'failed',
      by: 'gateway',
      text: text === '' ? 'it never left the gateway' : text,
      outcome: { kind: 'failed', code: 'GATEWAY_UNAVAILABLE', text: text === '' ? 'it never left the gateway' : text },
    }
  if (state === 'unknown')
    return { state: 'UNKNOWN', stage: 'unknown', by: 'gateway', text, outcome: { kind: 'unknown', text } }
  return null
}
