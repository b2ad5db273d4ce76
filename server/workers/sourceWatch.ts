/*
 * sourceWatch: what the parts tell of outages at the source, as a cause while it lasts and as two incidents.
 * In: notes and errors of the parts. Out: causes, record drafts, and whether a line of the log only repeats what was just said.
 * Invariant: a part that is refused thousands of times a second is one cause and a few lines; every repetition is counted.
 * Source: docs/architecture.md "every loss is counted".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordDraft } from '../ingest/ingestMessages.ts'

const QUIET_MS = 5_000
const MAX_TEXTS = 256

export interface SourceWatch {
  /** Looks at one note of a part; only those of the publisher mean something here. */
  note(name: string, data: Readonly<Record<string, unknown>>): void
  /** The publisher whose outage it was has ended: nobody will tell of a recovery. */
  gone(): void
  causes(): readonly { readonly code: string; readonly text: string }[]
  /** Null when the same was said less than five seconds ago; else how often it was held back since. */
  repeated(text: string): number | null
}

/** The bus answers and says no. That it does not answer at all is told by who reads it. */
const refusalOf = (error: unknown): string | null => {
  const { code, text } = (error ?? {}) as { readonly code?: unknown; readonly text?: unknown }
  return code === 'BUS_REFUSED' ? String(text) : null
}

/** Creates a watch that knows of no outage. */
export function createSourceWatch(clock: Clock, onRecord: (record: RecordDraft) => void): SourceWatch {
  let outage: { readonly fromMs: number; readonly text: string } | null = null
  const said = new Map<string, { atMs: number; held: number }>()

  const tell = (text: string, fromMs: number, toMs: number | null): void =>
    onRecord({
      kind: 'incident',
      at_ms: toMs ?? fromMs,
      run_id: null,
      code: 'SOURCE_OUTAGE',
      severity: toMs === null ? 'critical' : 'warning',
      text: text.slice(0, 2_000),
      lost: null,
      from_ms: fromMs,
      to_ms: toMs,
    })

  return {
    note(name, data) {
      const refusal = name === 'publisher outage' ? refusalOf(data['error']) : null
      if (refusal !== null && outage === null) {
        outage = { fromMs: clock.wallMs(), text: refusal }
        tell(
          `Reports of the trainer are refused by the bus: ${refusal}. They wait and are sent again.`,
          outage.fromMs,
          null,
        )
      }
      if (name !== 'publisher recovered' || outage === null) return
      const { fromMs } = outage
      outage = null
      const waited = Number(data['pending'])
      const many = Number.isFinite(waited) ? ` ${waited} entries had waited.` : ''
      tell(`Reports of the trainer reach the bus again.${many}`, fromMs, clock.wallMs())
    },
    gone() {
      if (outage === null) return
      const { fromMs } = outage
      outage = null
      tell('The trainer or its agent ended while its reports were refused by the bus.', fromMs, clock.wallMs())
    },
    causes: () =>
      outage === null
        ? []
        : [
            {
              code: 'SOURCE_OUTAGE',
              text: `reports of the trainer are refused by the bus: ${outage.text}`.slice(0, 500),
            },
          ],
    repeated(text) {
      const nowMs = clock.monotonicMs()
      const before = said.get(text)
      if (before !== undefined && nowMs - before.atMs < QUIET_MS) {
        before.held++
        return null
      }
      if (said.size >= MAX_TEXTS) said.clear()
      said.set(text, { atMs: nowMs, held: 0 })
      return before?.held ?? 0
    },
  }
}
