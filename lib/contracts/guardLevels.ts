/*
 * Guard levels as data: what each kind of command asks of the operator, and what in its context raises it.
 * In: the kind of a command and facts about its context. Out: level, why, the gesture, reason, grace and second person that follow.
 * Invariant: context only raises, never lowers; friction follows damage; a stop has no level, nothing here touches it.
 * Source: docs/commands.md "guard levels"; docs/ux.md "guard levels".
 */
import type { CommandDraft } from './commandDraft.ts'
import { COMMAND_LIMITS } from './commandLimits.ts'
import type { ConfirmAsk, LevelRaise } from './commandPreview.ts'
import type { SeedState } from './lifecycle.ts'

export type Level = 0 | 1 | 2 | 3 | 4

/** Each kind's own level, before any context. */
export const BASE_LEVELS = Object.freeze({
  NoOp: 0,
  LifecycleTransitionCommand: 1,
  BlueprintUpdateCommand: 2,
  BatchCommand: 2,
  'CheckpointCommand save': 1,
  'CheckpointCommand restore': 3,
  'RunControl pause': 2,
  'RunControl resume': 2,
  'RunControl stop': 3,
  Resume: 4,
} as const satisfies Record<string, Level>)
export type GuardedKind = keyof typeof BASE_LEVELS

/** What a target state costs by itself: what can not be undone is 3, the safe exits are 2. */
export const EDGE_LEVELS: Readonly<Partial<Record<SeedState, Level>>> = Object.freeze({
  FOSSILIZED: 3,
  CULLED: 3,
  CANCELLED: 2,
  ROLLED_BACK: 2,
})

/** Names the row of BASE_LEVELS a draft belongs to. */
export function guardedKind(draft: CommandDraft): GuardedKind {
  switch (draft.type) {
    case 'CheckpointCommand':
      return `CheckpointCommand ${draft.operation}`
    case 'RunControl':
      return `RunControl ${draft.action}`
    case 'LifecycleTransitionCommand':
    case 'BlueprintUpdateCommand':
    case 'BatchCommand':
    case 'NoOp':
      return draft.type
  }
}

export interface LevelContext {
  readonly environment: 'DEMO' | 'PROD' | 'STAGING'
  /** Target states of the command and of all parts of a batch. */
  readonly targetStates: readonly SeedState[]
  /** Seeds or layers that will change. */
  readonly targets: number
  readonly overBudget: boolean
  /** Something it acts on is stale, and the operator insists. */
  readonly stale: boolean
  readonly force: boolean
}

export interface LevelVerdict {
  readonly base: Level
  readonly level: Level
  readonly raised: readonly LevelRaise[]
}

const MAX_RAISED: Level = 3

/** Judges one command. Pure. */
export function judgeLevel(kind: GuardedKind, context: LevelContext): LevelVerdict {
  const base = BASE_LEVELS[kind]
  const raised: LevelRaise[] = []
  let level: Level = base
  const raise = (by: LevelRaise['by'], to: number, text: string): void => {
    const bounded = Math.min(to, Math.max(level, MAX_RAISED)) as Level
    if (bounded <= level) return
    raised.push({ by, from: level, to: bounded, text })
    level = bounded
  }
  for (const state of new Set(context.targetStates)) {
    const own = EDGE_LEVELS[state]
    if (own !== undefined)
      raise('edge', own, own >= 3 ? `${state} can not be taken back` : `${state} ends the life of the seed`)
  }
  if (context.targets > COMMAND_LIMITS.manyTargets)
    raise('targets', 3, `${context.targets} targets are more than ${COMMAND_LIMITS.manyTargets}`)
  if (context.stale) raise('stale', 3, 'what is known of the target is stale')
  if (context.force) raise('force', level + 1, 'time and quality guards of the layer are skipped')
  if (context.overBudget) raise('budget', level + 1, 'more seeds than the blast budget allows in its window')
  // In production an ordinary command is treated as one level heavier; what only proves life stays what it is.
  if (context.environment === 'PROD' && level >= 1) raise('production', level + 1, 'this is a production environment')
  return { base, level, raised }
}

export interface Demands {
  readonly reason: boolean
  readonly graceMs: number
  readonly gesture: 'send' | 'hold' | 'type-count'
  readonly armed: boolean
  readonly approvals: 0 | 1
  readonly approvalText: string
}

/** Tells what a level asks for. `proposed`: somebody else is the commander. */
export function demandsOf(
  level: Level,
  context: Pick<LevelContext, 'environment' | 'overBudget'> & { readonly targets: number; readonly proposed: boolean },
): Demands {
  const many = context.targets > 1
  const why: string[] = []
  if (level >= 4) why.push('level 4 always needs a second person')
  else if (level === 3 && context.environment === 'PROD') why.push('level 3 in production needs a second person')
  if (level < 4 && context.overBudget) why.push('over the blast budget a second person agrees')
  if (context.proposed) why.push('somebody else has control: this is a proposal')
  return {
    reason: level >= 2,
    graceMs: level === 1 || level === 2 ? COMMAND_LIMITS.graceMs : 0,
    gesture: level < 3 ? 'send' : many ? 'type-count' : 'hold',
    armed: level >= 3,
    approvals: why.length > 0 ? 1 : 0,
    approvalText: why.join('; '),
  }
}

/** Words of the button. */
export function confirmLabel(kind: ConfirmAsk['kind'], level: Level, many: number): string {
  switch (kind) {
    case 'blocked':
      return 'Not possible'
    case 'approve':
      return 'Propose'
    case 'type-count':
      return `Type ${many} to send`
    case 'hold':
      return 'Hold to send'
    case 'send':
      return level === 0 ? 'Send' : many > 1 ? `Send to ${many}` : 'Send'
  }
}
