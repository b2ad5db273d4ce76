/*
 * runChanges: announcements of runs as records: new, started anew, other columns, gone, back.
 * In: the run as it was known, as it is announced now. Out: record drafts; none where nothing changed.
 * Invariant: pure; an announcement that is repeated is no change.
 * Source: docs/protocol.md "records stream".
 */
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { KnownRun } from '../state/runBook.ts'
import type { RecordDraft } from '../ingest/ingestMessages.ts'

type RunDraft = Extract<RecordDraft, { kind: 'change' }>
type RunNews = 'announced' | 'restarted' | 'schema' | 'gone' | 'back'

const draft = (run: RunDescriptor, atMs: number, news: RunNews, text: string): RunDraft => ({
  kind: 'change',
  at_ms: atMs,
  run_id: run.run_id,
  correlation_id: `run:${run.run_id}`.slice(0, 128),
  what: `run.${news}`,
  by: run.telemetry_src,
  text,
})

/** Says what an announcement changed; nothing for a repetition. `run` is the run as it is announced now. */
export function runChange(
  before: RunDescriptor | undefined,
  { descriptor: after, firstSeenMs }: Pick<KnownRun, 'descriptor' | 'firstSeenMs'>,
  nowMs: number,
): readonly RunDraft[] {
  if (before === undefined) {
    const { title, origin, layers, source } = after
    return [
      draft(after, firstSeenMs, 'announced', `${title} began: ${origin}, ${layers.length} layers, from ${source}`),
    ]
  }
  if (after.epoch > before.epoch)
    return [draft(after, nowMs, 'restarted', `its producer ${after.telemetry_src} started anew`)]
  if (after.schema_id === before.schema_id) return []
  const text = `its columns changed: layout ${before.schema_id.toString(16)} to ${after.schema_id.toString(16)}`
  return [draft(after, nowMs, 'schema', text)]
}

/** Says that the producer of a run said goodbye, or came back; nothing when it is as it was. */
export function goneChange(
  run: Pick<KnownRun, 'descriptor' | 'gone'> | undefined,
  gone: boolean,
  nowMs: number,
): readonly RunDraft[] {
  if (run === undefined || run.gone === gone) return []
  const { telemetry_src: source } = run.descriptor
  return [
    gone
      ? draft(run.descriptor, nowMs, 'gone', `its producer ${source} said goodbye`)
      : draft(run.descriptor, nowMs, 'back', `its producer ${source} is back`),
  ]
}
