/*
 * Batches: several commands about seeds at one place between two steps, as one whole or one after the other.
 * In: core, the batch, how a single command runs. Out: one result with one entry per command.
 * Invariant: an atomic batch applies whole or leaves the run bit for bit as it was, also when a command throws; every command has
 * its entry, also those never tried.
 * Source: docs/training.md "batches"; seed-design.md 2.3.
 */
import { copyState } from './stateCopy.ts'
import type { TrainerCore } from './trainerCore.ts'
import type { BatchItem, BatchTrainerCommand, TrainerCommand, TrainerResult } from './trainerTypes.ts'

export interface BatchDeps {
  readonly run: (command: TrainerCommand) => TrainerResult
  /** Remembers what lies outside the core; the returned function puts it back. */
  readonly keep: () => () => void
}

/** Executes a batch. */
export function executeBatch(core: TrainerCore, batch: BatchTrainerCommand, deps: BatchDeps): TrainerResult {
  return batch.atomic ? runWhole(core, batch, deps) : runEach(batch, deps)
}

function runWhole(core: TrainerCore, { commands }: BatchTrainerCommand, { run, keep }: BatchDeps): TrainerResult {
  const restoresWeights = commands.some(
    (command) => command.type === 'transition' && command.checkpointId !== undefined,
  )
  const undoCore = copyState(core, restoresWeights)
  const undoRest = keep()
  const undo = (): void => {
    undoCore()
    undoRest()
  }
  const items: BatchItem[] = []
  try {
    for (const command of commands) {
      const result = run(command)
      items.push(itemOf(command, result))
      if (result.status === 'rejected') break
    }
  } catch (error) {
    undo()
    throw error
  }
  const refused = items.at(-1)
  if (refused?.status !== 'rejected') return applied(`all ${commands.length} applied`, items)
  undo()
  const undone = items.map((item): BatchItem => (item.status === 'applied' ? { ...item, status: 'rolled_back' } : item))
  const all = [...undone, ...commands.slice(items.length).map(skipped)]
  const { layerId, seedId, text } = refused
  const why = `command ${items.length} of ${commands.length} (${layerId} seed ${seedId}): ${text}`
  return refusal(refused, `nothing was changed; ${why}`, all)
}

function runEach({ commands, stopOnError }: BatchTrainerCommand, { run }: BatchDeps): TrainerResult {
  const items: BatchItem[] = []
  let firstRefused: BatchItem | null = null
  for (const command of commands) {
    if (firstRefused !== null && stopOnError) {
      items.push(skipped(command))
      continue
    }
    const item = itemOf(command, run(command))
    items.push(item)
    if (item.status === 'rejected') firstRefused ??= item
  }
  if (firstRefused === null) return applied(`all ${commands.length} applied`, items)
  const done = items.filter((item) => item.status === 'applied').length
  const skips = items.filter((item) => item.status === 'skipped').length
  const count = `${done} of ${commands.length} applied, ${commands.length - done - skips} refused, ${skips} not tried`
  return refusal(firstRefused, `${count}; first refusal: ${firstRefused.text}`, items)
}

function itemOf(command: BatchTrainerCommand['commands'][number], result: TrainerResult): BatchItem {
  const { layerId, seedId, correlationId } = command
  const { status, text, state, generation } = result
  const code = result.status === 'rejected' ? result.code : null
  const guard = result.status === 'rejected' ? result.guard : null
  return { layerId, seedId, correlationId, status, code, text, state, generation, guard }
}

function skipped({ layerId, seedId, correlationId }: BatchTrainerCommand['commands'][number]): BatchItem {
  const text = 'not tried: a command before it was refused'
  return {
    layerId,
    seedId,
    correlationId,
    status: 'skipped',
    code: null,
    text,
    state: null,
    generation: null,
    guard: null,
  }
}

function applied(text: string, items: readonly BatchItem[]): TrainerResult {
  return { status: 'applied', text, state: null, generation: null, guards: [], checkpoint: null, items }
}

function refusal({ code, guard }: BatchItem, text: string, items: readonly BatchItem[]): TrainerResult {
  return { status: 'rejected', code: code ?? 'COMMAND_PRECONDITION', text, state: null, generation: null, guard, items }
}
