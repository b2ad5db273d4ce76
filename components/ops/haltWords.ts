/*
 * haltWords: which layers a stop stands for, as a sentence that fits into a line.
 * In: the scope. Out: words.
 * Invariant: what is not named is counted.
 * Source: docs/ux.md "emergency stop".
 */
import type { Halt } from '../../lib/contracts/httpCommands.ts'

const NAMED_LAYERS = 4

/** Says what is stopped. */
export function haltWords(scope: Halt['scope']): string {
  if (scope === 'all') return 'All layers are stopped'
  const named = scope.slice(0, NAMED_LAYERS).join(', ')
  const more = scope.length - NAMED_LAYERS
  return `${named}${more > 0 ? ` and ${more} more` : ''} ${scope.length === 1 ? 'is' : 'are'} stopped`
}
