/*
 * Standstill: what stands still while the rest goes on: single seeds an operator froze, and layers under a stop.
 * In: core and a freeze or hold. Out: flags that steps, ramps and commands look at; control events.
 * Invariant: nothing is erased and nothing is moved: what stands still is exactly what it was when it moves again.
 * Source: docs/training.md "stop".
 */
import { applied, findSeed, noSuchSeed, rejected } from './commands.ts'
import type { TrainerCore } from './trainerCore.ts'
import type { FreezeCommand, HoldCommand, TrainerResult } from './trainerTypes.ts'

/** Sets which layers stand still; a layer that already does what is asked is not told again. */
export function setHeld(core: TrainerCore, command: HoldCommand): TrainerResult {
  const unknown = command.layerIds.find((layerId) => !core.layerIds.includes(layerId))
  if (unknown !== undefined) {
    return rejected('COMMAND_PRECONDITION', `there is no layer ${unknown.slice(0, 128)}`, null)
  }
  core.layerIds.forEach((layerId, layer) => {
    const held = command.layerIds.includes(layerId) ? 1 : 0
    if (core.held[layer] === held) return
    core.held[layer] = held
    const action = held === 1 ? 'halted' : 'resumed'
    core.emit({ kind: 'control', action, layerId, seedId: null }, command.correlationId)
  })
  const count = command.layerIds.length
  const whole = count === core.layerIds.length ? ': no step is made' : ''
  return applied(`${count} of ${core.layerIds.length} layers stand still${whole}`, null)
}

/** Freezes or frees alpha and module of seeds; the host goes on. */
export function setFrozen(core: TrainerCore, command: FreezeCommand): TrainerResult {
  const { layerId, seedId } = command
  const frozen = command.type === 'freeze'
  if (layerId === null && seedId !== null) {
    return rejected('COMMAND_PRECONDITION', 'a seed is named by layer and seed id', null)
  }
  if (layerId !== null && (seedId === null ? !core.layerIds.includes(layerId) : !findSeed(core, layerId, seedId))) {
    return noSuchSeed(layerId, seedId ?? -1)
  }
  let count = 0
  for (const seed of core.seeds) {
    if (layerId !== null && core.layerIds[seed.layer] !== layerId) continue
    if (seedId !== null && seed.row !== seedId) continue
    seed.frozen = frozen
    count++
  }
  core.emit({ kind: 'control', action: frozen ? 'frozen' : 'unfrozen', layerId, seedId }, command.correlationId)
  return applied(`${count} seeds ${frozen ? 'frozen' : 'unfrozen'}: the host goes on`, null)
}
