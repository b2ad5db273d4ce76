/*
 * auditWitness: what a layer remembers of the audit trail from the commands it heard, so that nobody puts the trail back unseen.
 * In: size and root that signed commands carry. Out: word of a trail that is smaller than it was, or other than it was.
 * Invariant: the largest size is never forgotten, also over a restart; two commands that overtook each other are no rollback; a command
 * is not refused for it: whoever must act on a layer can, and is told.
 * Source: docs/audit.md "witnesses"; docs/adr/0010-audit-trail.md.
 */
export interface Witnessed {
  readonly size: number
  readonly root: string
  /** When the command that carried it was issued, Unix ms. */
  readonly atMs: number
}

export interface AuditRollback {
  readonly kind: 'smaller' | 'other root'
  readonly known: Witnessed
  readonly seen: Witnessed
}

export interface AuditWitness {
  /** Takes what a command carries that was signed, in order and new; null: nothing is wrong with it, or it was told already. */
  see(mark: Witnessed): AuditRollback | null
  kept(): Witnessed | null
}

/** Commands are numbered by the gateway a moment after the log was asked: between two of them this much may lie. */
const OVERTAKE_MS = 30_000

/** Creates the memory, from what was kept of it. */
export function createAuditWitness(kept: Witnessed | null = null): AuditWitness {
  let known = kept
  /** Of the largest size: told once, until the log is as large again. */
  let told = false
  return {
    see(seen) {
      if (known === null || seen.size > known.size) {
        known = seen
        told = false
        return null
      }
      if (seen.size === known.size && seen.root === known.root) {
        told = false
        return null
      }
      const kind = seen.size === known.size ? 'other root' : 'smaller'
      if (told || (kind === 'smaller' && seen.atMs - known.atMs < OVERTAKE_MS)) return null
      told = true
      return { kind, known, seen }
    },
    kept: () => known,
  }
}

/** Says it, for people. */
export function rollbackWords({ kind, known, seen }: AuditRollback): string {
  const before = `${known.size} entries at ${new Date(known.atMs).toISOString()}`
  return kind === 'smaller'
    ? `the audit trail has ${seen.size} entries and had ${before}: its database was put back, or entries were removed`
    : `the audit trail has another root over the same ${known.size} entries than at ${new Date(known.atMs).toISOString()}: it was rewritten`
}
