/*
 * commandNodes: what became of a command since it was last looked at, as nodes of its thread.
 * In: a stored command, and as it was before. Out: drafts of its new moments: preview, approvals, stages, outcome, effect.
 * Invariant: pure; each moment is one node with an id of its own, so that telling it again adds nothing.
 * Source: docs/protocol.md "threads"; docs/commands.md "states".
 */
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import type { ThreadKind, ThreadNode } from '../../lib/contracts/httpThreads.ts'
import type { SeedStateName } from '../../lib/contracts/httpShapes.ts'
import type { StoredCommand, StoredStage } from '../operators/storedCommand.ts'
import { ORDER } from './recordNodes.ts'
import type { NodeDraft } from './threadNode.ts'

const KIND_OF: Partial<Readonly<Record<StoredStage['stage'], ThreadKind>>> = {
  drafted: 'command',
  validated: 'preview',
  'awaiting approval': 'approval',
  approved: 'approval',
  applied: 'outcome',
  'applied late': 'outcome',
  'not applied': 'outcome',
  rejected: 'outcome',
  failed: 'outcome',
  expired: 'outcome',
  cancelled: 'outcome',
  superseded: 'outcome',
  duplicate: 'outcome',
}
const GOOD: ReadonlySet<string> = new Set(['applied', 'applied late', 'verified', 'approved'])
const BAD: ReadonlySet<string> = new Set(['rejected', 'failed', 'expired', 'unknown', 'not applied'])

const toneOf = (stage: string): ThreadNode['tone'] => (GOOD.has(stage) ? 'ok' : BAD.has(stage) ? 'warn' : 'plain')

const placeOf = (command: StoredCommand) => ({
  runId: command.runId,
  layerId: command.layerId,
  seedId: command.seedId,
  generation: command.basis?.generation ?? null,
  correlationId: command.correlationId,
  commandId: command.id,
  link: THREAD_LINKS.command(command.parentId ?? command.id),
})

/** A moment is told by what it is and when: the list of stages is bounded and its numbers move. */
const idOf = (command: StoredCommand, { stage, atMs }: StoredStage): string =>
  `command ${command.id} ${stage} ${Math.round(atMs)}`

const raisedText = ({ level, raised }: StoredCommand): string =>
  raised.length === 0
    ? `previewed: guard level ${level}`
    : `previewed: guard level ${level}, raised because ${raised.map(({ text }) => text).join('; ')}`

function textOf(command: StoredCommand, { stage, text }: StoredStage): string {
  if (stage === 'drafted') return `${command.text}${command.reason === '' ? '' : ` (${command.reason})`}`
  if (stage === 'validated') return raisedText(command)
  return `${stage}${text === undefined ? '' : `: ${text}`}`
}

function nodeOfStage(command: StoredCommand, stage: StoredStage, at: number): NodeDraft {
  const first = stage.stage === 'drafted'
  return {
    ...placeOf(command),
    id: idOf(command, stage),
    atMs: stage.atMs,
    // Stages of one millisecond stay in the order in which they were written.
    ord: ORDER.command + at,
    kind: KIND_OF[stage.stage] ?? 'stage',
    causationId: first ? command.parentId : command.id,
    text: textOf(command, stage),
    tone: toneOf(stage.stage),
    by: stage.by,
    state: stage.stage === 'applied' || stage.stage === 'applied late' ? (command.targetState as SeedStateName) : null,
    // Seeds of a run over many are told under it.
    isChange: first && command.parentId === null && command.type !== 'NoOp',
  }
}

/** The grade of the effect, once its time has come. */
function verdictNode(command: StoredCommand): NodeDraft | null {
  const { verdict } = command
  if (verdict === null || verdict.at === null) return null
  const atMs = Date.parse(verdict.at)
  return {
    ...placeOf(command),
    id: `command ${command.id} verdict`,
    atMs,
    ord: ORDER.rest,
    kind: 'health',
    causationId: command.id,
    text: `did it help? ${verdict.grade}: ${verdict.text}`,
    tone: verdict.grade === 'hurt' ? 'warn' : verdict.grade === 'helped' ? 'ok' : 'plain',
    by: 'telemetry',
    health: [
      {
        metric: verdict.metric,
        unit: '',
        before: verdict.before,
        before_ms: command.createdMs,
        after: verdict.after,
        after_ms: atMs,
      },
    ],
  }
}

/** Gives what is new since `before`; everything for null. */
export function nodesOfCommand(command: StoredCommand, before: StoredCommand | null): readonly NodeDraft[] {
  const known = new Set((before?.stages ?? []).map((stage) => idOf(command, stage)))
  const fresh = command.stages.flatMap((stage, at) =>
    known.has(idOf(command, stage)) ? [] : [nodeOfStage(command, stage, at)],
  )
  const graded = command.verdict !== before?.verdict ? verdictNode(command) : null
  return graded === null ? fresh : [...fresh, graded]
}

/** Whether this change is the one after which health is worth looking at. */
export function hasTakenEffect(command: StoredCommand, before: StoredCommand | null): boolean {
  const applied = command.state === 'APPLIED' || command.state === 'APPLIED_LATE'
  return applied && before?.state !== command.state && isFinalState(command.state)
}
