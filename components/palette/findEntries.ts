/*
 * findEntries: what the palette lists for what was typed.
 * In: providers, query, context, recent choices. Out: groups, the best fitting first; how many more there are of each.
 * Invariant: an empty query lists recent choices first; the number listed is bounded however much exists.
 * Source: docs/ux.md "command palette"; features H2.
 */
import type { PaletteContext, PaletteEntry, PaletteProvider } from './paletteEntry.ts'

export interface PaletteGroup {
  readonly id: string
  readonly title: string
  readonly entries: readonly PaletteEntry[]
  /** How many fit and are not listed. */
  readonly more: number
}

const PER_GROUP = 6
/** Without a query all actions are worth seeing once. */
const UNASKED = 40

/** Finds the groups to list. A provider that throws is left out: one broken part must not take the palette away. */
export function findEntries(
  providers: readonly PaletteProvider[],
  query: string,
  context: PaletteContext,
  recent: readonly string[],
): readonly PaletteGroup[] {
  const wanted = query.trim()
  const groups = providers.flatMap((provider): PaletteGroup[] => {
    try {
      const { entries, of } = provider.search(wanted, context, wanted === '' ? UNASKED : PER_GROUP)
      return entries.length === 0
        ? []
        : [{ id: provider.id, title: provider.title, entries, more: Math.max(0, of - entries.length) }]
    } catch {
      return []
    }
  })
  if (wanted !== '') {
    const best = ({ entries }: PaletteGroup): number => Math.max(...entries.map((entry) => entry.score))
    return groups.toSorted((a, b) => best(b) - best(a))
  }
  const again = recent.flatMap((id) => findAgain(providers, id, context))
  if (again.length === 0) return groups
  const listed = new Set(again.map((entry) => entry.id))
  const others = groups
    .map((group) => ({ ...group, entries: group.entries.filter((entry) => !listed.has(entry.id)) }))
    .filter((group) => group.entries.length > 0)
  return [{ id: 'recent', title: 'Recent', entries: again, more: 0 }, ...others]
}

function findAgain(
  providers: readonly PaletteProvider[],
  id: string,
  context: PaletteContext,
): readonly PaletteEntry[] {
  const provider = providers.find((candidate) => id.startsWith(`${candidate.id}:`))
  try {
    const entry = provider?.find(id, context) ?? null
    return entry === null ? [] : [entry]
  } catch {
    return []
  }
}
