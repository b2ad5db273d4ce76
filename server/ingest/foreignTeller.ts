/*
 * foreignTeller: what was odd about the entries of others, told to people without flooding them.
 * In: flags and missing payloads, one by one. Out: at most one record per layer (or source) and ten seconds, with exact counts.
 * Invariant: the counts are exact; the first oddity is told at once; nothing here is a refusal: what was readable was used.
 * Source: docs/protocol.md "what other publishers may send"; docs/architecture.md "every loss is counted".
 */
import type { JsonFlag, JsonFlagKind } from '../../lib/bus/tolerantJson.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordDraft } from './ingestMessages.ts'

const QUIET_MS = 10_000
const MAX_SUBJECTS = 1_024

export type FlagCounts = Readonly<Partial<Record<JsonFlagKind, number>>>

export interface ForeignTeller {
  /** Values of a layer that were not finite (or not exact) at the source. */
  flags(layerId: string | null, runId: string | null, flags: readonly JsonFlag[]): void
  /** A payload that lies where we can not read it. */
  missing(source: string, runId: string | null, sizeBytes: number | null, why: string): void
  /** Tells what has gathered; called about once a second. */
  tell(): void
  /** Flags by layer, then kind. */
  flagged(): Readonly<Record<string, FlagCounts>>
  missingTotal(): number
}

interface Gathered {
  runId: string | null
  toldMs: number
  fresh: Map<JsonFlagKind, number>
  all: Map<JsonFlagKind, number>
  example: string
}

interface Absent {
  runId: string | null
  toldMs: number
  fresh: number
  bytes: number
  unsized: number
  why: string
}

const incident = (atMs: number, runId: string | null, code: string, text: string): RecordDraft => ({
  kind: 'incident',
  at_ms: atMs,
  run_id: runId,
  code,
  severity: 'warning',
  text: text.slice(0, 2_000),
  lost: null,
  from_ms: null,
  to_ms: null,
})

const sum = (counts: ReadonlyMap<unknown, number>): number => [...counts.values()].reduce((all, one) => all + one, 0)

/** Creates a teller with nothing gathered. */
export function createForeignTeller(clock: Clock, record: (draft: RecordDraft) => void): ForeignTeller {
  const layers = new Map<string, Gathered>()
  const sources = new Map<string, Absent>()
  let missingTotal = 0

  const isDue = (toldMs: number): boolean => clock.monotonicMs() - toldMs >= QUIET_MS

  const tellFlags = (layerId: string, one: Gathered): void => {
    if (one.fresh.size === 0 || !isDue(one.toldMs)) return
    const kinds = [...one.fresh].map(([kind, count]) => `${count} ${kind}`).join(', ')
    const values = sum(one.fresh)
    const text = `${values} ${values === 1 ? 'value' : 'values'} of ${layerId} could not be a number in JSON at the source (${kinds}), for example ${one.example}. Shown as unmeasured.`
    record(incident(clock.wallMs(), one.runId, 'NON_FINITE', text))
    one.fresh = new Map()
    one.toldMs = clock.monotonicMs()
  }

  const tellMissing = (source: string, one: Absent): void => {
    if (one.fresh === 0 || !isDue(one.toldMs)) return
    const size = one.unsized === one.fresh ? 'of unknown size' : `of ${(one.bytes / 1_000).toFixed(0)} kB`
    const what = one.fresh === 1 ? `A batch ${size}` : `${one.fresh} batches ${size} together`
    const text = `${what} from ${source || 'an unnamed source'} ${one.fresh === 1 ? 'lies' : 'lie'} in a file of the publisher (claim check): ${one.why} Those reports are missing here.`
    record(incident(clock.wallMs(), one.runId, 'CLAIM_CHECK_MISSING', text))
    Object.assign(one, { fresh: 0, bytes: 0, unsized: 0, toldMs: clock.monotonicMs() })
  }

  return {
    flags(layerId, runId, flags) {
      if (flags.length === 0) return
      const name = layerId ?? 'an entry without a layer'
      if (!layers.has(name) && layers.size >= MAX_SUBJECTS) return
      const one = layers.get(name) ?? { runId, toldMs: -Infinity, fresh: new Map(), all: new Map(), example: '' }
      layers.set(name, one)
      one.runId = runId
      one.example = `${flags[0]!.path} (${flags[0]!.kind})`
      for (const { kind } of flags) {
        one.fresh.set(kind, (one.fresh.get(kind) ?? 0) + 1)
        one.all.set(kind, (one.all.get(kind) ?? 0) + 1)
      }
      tellFlags(name, one)
    },
    missing(source, runId, sizeBytes, why) {
      missingTotal++
      if (!sources.has(source) && sources.size >= MAX_SUBJECTS) return
      const one = sources.get(source) ?? { runId, toldMs: -Infinity, fresh: 0, bytes: 0, unsized: 0, why }
      sources.set(source, one)
      Object.assign(one, { runId, why, fresh: one.fresh + 1, bytes: one.bytes + (sizeBytes ?? 0) })
      if (sizeBytes === null) one.unsized++
      tellMissing(source, one)
    },
    tell() {
      for (const [layerId, one] of layers) tellFlags(layerId, one)
      for (const [source, one] of sources) tellMissing(source, one)
    },
    flagged: () => Object.fromEntries([...layers].map(([layer, one]) => [layer, Object.fromEntries(one.all)])),
    missingTotal: () => missingTotal,
  }
}
