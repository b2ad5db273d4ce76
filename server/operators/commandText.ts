/*
 * commandText: a command as one line, as its effect, and as the words of its parts.
 * In: a draft and its targets. Out: texts for lists, previews, audit and outcomes.
 * Invariant: built from the draft alone where nothing is known; never longer than a line can be.
 * Source: docs/commands.md.
 */
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import type { ResolvedTargets } from './commandTargets.ts'

const place = (draft: { layer_id?: string | undefined; seed_id?: number | undefined }): string =>
  draft.seed_id === undefined ? (draft.layer_id ?? '') : `${draft.layer_id ?? ''} seed ${draft.seed_id}`

/** Tells a draft in one line. */
export function commandText(draft: CommandDraft, count: number): string {
  switch (draft.type) {
    case 'LifecycleTransitionCommand':
      return draft.targets === undefined
        ? `${place(draft)} to ${draft.target_state}`
        : `${count} seeds to ${draft.target_state}`
    case 'BlueprintUpdateCommand':
      return draft.targets === undefined
        ? `${place(draft)} gets blueprint ${draft.blueprint_id}`
        : `${count} seeds get blueprint ${draft.blueprint_id}`
    case 'BatchCommand':
      return `${draft.commands.length} commands to ${draft.layer_id}${draft.atomic ? ', all or none' : ''}`
    case 'CheckpointCommand':
      return draft.operation === 'save' ? 'save a checkpoint' : `restore checkpoint ${draft.checkpoint_id ?? ''}`
    case 'RunControl':
      return `${draft.action} the run`
    case 'NoOp':
      return `ask whether ${draft.layer_id} answers`
  }
}

export interface EffectText {
  readonly text: string
  readonly changes: readonly { readonly field: string; readonly before: string | null; readonly after: string | null }[]
}

/** Tells before and after. */
export function effectText(draft: CommandDraft, resolved: ResolvedTargets, changing: number): EffectText {
  const one = resolved.findings.length === 1 ? resolved.findings[0]! : null
  const text = commandText(draft, changing)
  switch (draft.type) {
    case 'LifecycleTransitionCommand':
      return {
        text: one === null ? text : `${place(draft)} goes from ${one.target.seed.state} to ${draft.target_state}`,
        changes: [{ field: 'state', before: one === null ? null : one.target.seed.state, after: draft.target_state }],
      }
    case 'BlueprintUpdateCommand':
      return { text, changes: [{ field: 'blueprint', before: null, after: draft.blueprint_id }] }
    case 'BatchCommand':
      return {
        text,
        changes: resolved.findings.slice(0, 16).map(({ target }) => ({
          field: `seed ${target.seed.seedId}`,
          before: target.seed.state,
          after: target.targetState ?? `blueprint ${target.blueprintId ?? ''}`,
        })),
      }
    case 'CheckpointCommand':
      return draft.operation === 'save'
        ? { text: 'all weights are written under a new id; nothing changes', changes: [] }
        : {
            text: 'host and living modules go back to the saved weights; seeds that are being blended are rolled back',
            changes: [{ field: 'weights', before: 'now', after: draft.checkpoint_id ?? null }],
          }
    case 'RunControl':
      return {
        text: {
          pause: 'training and structure stand still before the next step; nothing is erased',
          resume: 'training goes on where it stood',
          stop: 'a checkpoint is saved, then training stands still until two persons resume it',
        }[draft.action],
        changes: [{ field: 'run', before: null, after: draft.action === 'resume' ? 'running' : 'halted' }],
      }
    case 'NoOp':
      return { text: 'nothing changes; the layer answers', changes: [] }
  }
}
