/*
 * elsewhere: says whose the layers are that another installation on the same bus stops, and that this gateway can not.
 * In: those layers, our own key. Out: their number and one sentence, or null.
 * Invariant: keys are named by the digits people compare; the sentence never sounds as if they were safe from here.
 * Source: docs/emergency-stop.md "other installations".
 */
import type { Elsewhere, LayerPresence } from '../../lib/contracts/gatewayControl.ts'

/** Enough of a key id to tell two of them apart. */
const DIGITS = 8
const MAX_KEYS = 4

/** Null when every layer is ours; `deed` is what can not be done to them. */
export function elsewhereWords(layers: readonly LayerPresence[], keyId: string, deed = 'stop'): Elsewhere | null {
  if (layers.length === 0) return null
  const keys = [...new Set(layers.map(({ other_key: key }) => key ?? 'none'))].toSorted()
  const named = keys.slice(0, MAX_KEYS).map((key) => `${key.slice(0, DIGITS)}…`)
  const more = keys.length > MAX_KEYS ? ` and ${keys.length - MAX_KEYS} more` : ''
  const [verb, them] = layers.length === 1 ? ['layer belongs', 'it'] : ['layers belong', 'them']
  const whose = `${layers.length} ${verb} to another installation (key ${named.join(', ')}${more})`
  return {
    layers: layers.length,
    text: `${whose}: this gateway (key ${keyId.slice(0, DIGITS)}…) cannot ${deed} ${them}.`,
  }
}
