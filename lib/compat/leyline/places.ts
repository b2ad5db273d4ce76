/*
 * places: where a record of the newer generation belongs: environment and slot, as layer and seed.
 * In: env_id, slot `r0c1`. Out: layer `env0:r0`, seed 1.
 * Invariant: one layer per environment and row; an environment that was not filled in has a name of its own, never a number.
 * Source: docs/protocol.md "leyline events".
 */
export interface Place {
  readonly layerId: string
  readonly seedId: number
  readonly native: { readonly native_env_id: number | null; readonly native_slot_id: string }
}

const SLOT = /^r(\d+)c(\d+)$/

/** Names an environment; -1 and nothing mean that nobody filled it in. */
export function envName(envId: number | null | undefined): string {
  return envId === null || envId === undefined || envId < 0 ? 'env-unassigned' : `env${envId}`
}

/** Places a slot that was checked by its schema. */
export function placeOf(envId: number | null | undefined, slot: string): Place {
  const [, row = '0', column = '0'] = SLOT.exec(slot) ?? []
  const known = typeof envId === 'number' && envId >= 0 ? envId : null
  return {
    layerId: `${envName(envId)}:r${Number(row)}`,
    seedId: Number(column),
    native: { native_env_id: known, native_slot_id: slot },
  }
}

/** Spells a group as part of a run id. */
export function toRunId(group: string | null | undefined, eventId: string | null): string {
  const spell = (text: string, max: number): string => text.replace(/[^A-Za-z0-9_:-]/g, '_').slice(0, max)
  const name = `leyline-${spell(group ?? 'default', 64) || 'default'}`
  return eventId === null ? name : `${name}-${spell(eventId, 8)}`
}
