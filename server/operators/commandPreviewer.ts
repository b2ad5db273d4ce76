/*
 * commandPreviewer: everything that is said before anything happens, as one answer with the token that confirms it.
 * In: a draft and who asks. Out: CommandPreview; the evaluation behind it for whoever sends.
 * Invariant: asks nothing of the network but what is known; a token is given only for what is legal.
 * Source: docs/commands.md "preview".
 */
import { hashValue } from '../../lib/audit/entry.ts'
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import type { CommandPreview, ConfirmAsk, Precedent } from '../../lib/contracts/commandPreview.ts'
import { confirmLabel } from '../../lib/contracts/guardLevels.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { atOnce, inTurns } from '../state/inTurns.ts'
import type { LivesBook } from '../state/livesBook.ts'
import type { ArmTokens } from './armTokens.ts'
import type { BudgetBook } from './blastBudget.ts'
import type { Operator } from './caller.ts'
import type { CommandStore } from './commandStore.ts'
import type { ControlDesk } from './controlToken.ts'
import { evaluatingCommand, type Evaluation, type GuardContext } from './guardEngine.ts'
import type { NetworkView } from './networkView.ts'
import { PRECEDENT, precedentSinceMs, tellPrecedent } from './precedent.ts'
import type { StoredCommand } from './storedCommand.ts'

export interface PreviewerOptions {
  readonly clock: Clock
  readonly network: NetworkView
  readonly budget: BudgetBook
  readonly arms: ArmTokens
  readonly store: CommandStore
  readonly control: Pick<ControlDesk, 'holder'>
  readonly lives: Pick<LivesBook, 'ofSeed'>
  readonly environment: 'DEMO' | 'PROD' | 'STAGING'
  readonly quota: number
  readonly halted: (layerId: string) => boolean
  readonly againstRun: GuardContext['againstRun']
}

export interface CommandPreviewer {
  /** In turns: many seeds never hold the loop. */
  evaluate(draft: CommandDraft, caller: Operator): Promise<Evaluation>
  /** The same at once, for a draft about one seed, one layer or the parts of a batch. */
  evaluateOne(draft: CommandDraft, caller: Operator): Evaluation
  preview(draft: CommandDraft, caller: Operator): Promise<CommandPreview>
}

/** The draft as it is kept and hashed: without its confirmation. */
export function bodyOf(draft: CommandDraft): Readonly<Record<string, unknown>> {
  const { confirm: _confirm, ...rest } = draft
  return rest
}

/** The hash that previews, confirmations and approvals quote. */
export const commandHash = (draft: CommandDraft): string => hashValue(bodyOf(draft))

const targetStateOf = (draft: CommandDraft): SeedState | null =>
  draft.type === 'LifecycleTransitionCommand' ? draft.target_state : null

/** Creates the previewer. */
export function createCommandPreviewer(options: PreviewerOptions): CommandPreviewer {
  const { clock, arms, control, store, lives } = options

  const evaluating = (draft: CommandDraft, caller: Operator): Generator<void, Evaluation, void> => {
    const holder = control.holder()
    return evaluatingCommand(draft, { ...options, proposed: holder !== null && holder !== caller.actor })
  }

  const wasRolledBack = ({ runId, layerId, seedId, basis, createdMs }: StoredCommand): boolean => {
    if (runId === null || layerId === null || seedId === null) return false
    return lives
      .ofSeed(runId, layerId, seedId)
      .some(
        (note) =>
          note.kind === 'transition' &&
          note.to_state === 'ROLLED_BACK' &&
          note.at_ms > createdMs &&
          (basis?.generation == null || note.generation === null || note.generation - basis.generation <= 1),
      )
  }

  const precedentOf = async (draft: CommandDraft, { resolved }: Evaluation): Promise<Precedent> => {
    const kind = { type: draft.type, targetState: targetStateOf(draft), sinceMs: precedentSinceMs(clock.wallMs()) }
    const one = resolved.findings.length === 1 ? resolved.findings[0]!.target.seed : null
    const to = { wasRolledBack, layerId: one?.layerId ?? null, seedId: one?.seedId ?? null, from: one?.state ?? null }
    const ended = await store.similar(kind, PRECEDENT.cases).catch(() => null)
    const told = tellPrecedent(ended ?? [], to)
    return ended === null ? { ...told, text: 'precedent is not known: the records can not be read' } : told
  }

  const confirmOf = (found: Evaluation, hash: string, caller: Operator): ConfirmAsk => {
    const { demands, verdict, changing, resolved, reasons } = found
    const blank = { gesture: null, hold_ms: null, count: null, arm_token: null, expires_at_ms: null }
    if (reasons.length > 0) return { ...blank, kind: 'blocked', label: confirmLabel('blocked', verdict.level, 0) }
    const { token, expiresMs } = arms.issue({
      session: caller.session,
      hash,
      listHash: resolved.listHash,
      wanted: found.wanted,
    })
    const { gesture } = demands
    const kind = demands.approvals > 0 ? 'approve' : gesture
    return {
      kind,
      gesture,
      hold_ms: gesture === 'hold' ? COMMAND_LIMITS.holdMs : null,
      count: gesture === 'type-count' ? changing : null,
      arm_token: token,
      expires_at_ms: expiresMs,
      label: confirmLabel(kind, verdict.level, changing),
    }
  }

  return {
    evaluate: (draft, caller) => inTurns(evaluating(draft, caller), clock),
    evaluateOne: (draft, caller) => atOnce(evaluating(draft, caller)),
    async preview(draft, caller) {
      const found = await inTurns(evaluating(draft, caller), clock)
      const precedent = await precedentOf(draft, found)
      const hash = commandHash(draft)
      const { demands, verdict, inverse } = found
      const holder = control.holder()
      return {
        type: draft.type,
        hash,
        computed_at_ms: clock.wallMs(),
        stale_after_ms: COMMAND_LIMITS.previewMs,
        run_id: found.runId,
        legal: found.reasons.length === 0,
        reasons: [...found.reasons],
        warnings: [...found.warnings],
        level: verdict.level,
        base_level: verdict.base,
        raised: [...verdict.raised],
        guards: [...found.guards],
        effect: { text: found.effect.text, changes: found.effect.changes.map((change) => ({ ...change })) },
        reversible: inverse?.targetState != null || (inverse !== null && verdict.level < 2),
        inverse: inverse === null ? null : { text: inverse.text, target_state: inverse.targetState },
        targets: found.targets,
        budget: found.budget,
        precedent,
        approvals: {
          needed: demands.approvals,
          text: demands.approvalText,
          expires_ms: demands.approvals > 0 ? COMMAND_LIMITS.approvalMs : null,
        },
        reason_required: demands.reason,
        grace_ms: demands.approvals > 0 ? 0 : demands.graceMs,
        freshness: found.freshness,
        age_ms: found.ageMs,
        control: {
          holder,
          yours: holder === caller.actor,
          mode: holder !== null && holder !== caller.actor ? 'propose' : 'send',
        },
        confirm: confirmOf(found, hash, caller),
      }
    },
  }
}
