/*
 * diffValues: what differs between two plain values, leaf by leaf.
 * In: before and after. Out: paths with both values, in the order of the paths.
 * Invariant: a path that one side does not have is undefined there, never null; at most as many as asked for.
 * Source: docs/audit.md "entries"; features F4.
 */
import { canonicalJson } from './canonicalJson.ts'

export interface Difference {
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
}

function leaves(value: unknown, path: string, into: Map<string, unknown>): void {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
    for (const [key, inner] of Object.entries(value)) leaves(inner, path === '' ? key : `${path}.${key}`, into)
  else if (value !== undefined) into.set(path, value)
}

/** Lists what differs. */
export function diffValues(before: unknown, after: unknown, limit = 200): Difference[] {
  const [old, now] = [new Map<string, unknown>(), new Map<string, unknown>()]
  leaves(before, '', old)
  leaves(after, '', now)
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .filter((path) => {
      if (!old.has(path) || !now.has(path)) return true
      return canonicalJson(old.get(path)) !== canonicalJson(now.get(path))
    })
    .slice(0, limit)
    .map((path) => ({
      path,
      ...(old.has(path) ? { before: old.get(path) } : {}),
      ...(now.has(path) ? { after: now.get(path) } : {}),
    }))
}
