/*
 * copySeedValue: one metric of one seed, asked from the server at this moment and copied with everything that is known of its origin.
 * In: a place, a metric, the run's descriptor. Out: the clipboard; words that say what happened.
 * Invariant: the value and its provenance come out of one answer, so they belong together; an unmeasured value is not copied as 0.
 * Source: docs/ux.md "number provenance"; features H7.
 */
import type { SeedDetail } from '../../lib/contracts/httpSeed.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { formatWithUnit } from '../../lib/live/formatValue.ts'
import type { SeedRef } from '../../lib/live/urlState.ts'
import { PAGE_PATHS } from '../live/pageLinks.ts'
import { askApi, problemOf } from '../records/useApi.ts'
import { provenanceText, type Provenance } from '../ui/CopyValue.tsx'

/** What is copied is the newest value: of a past one the provenance is not known here. */
export const COPY_IN_PAST = 'The past is shown, and what is copied is the newest value: go live to copy it.'

interface Wanted {
  readonly seed: SeedRef
  readonly descriptor: RunDescriptor
  readonly metric: string
  /** Server time of this moment, Unix ms. */
  readonly nowMs: number
  readonly origin: string
}

/** Tells where a metric of a seed comes from, as its answer says. */
export function seedProvenance(detail: SeedDetail, descriptor: RunDescriptor, metric: string): Provenance {
  return {
    metric,
    layer: detail.layer_id,
    seed: detail.seed_id,
    run: detail.run_id,
    step: detail.step,
    tick: detail.tick,
    atMs: detail.ingest_ms,
    producer: detail.producer,
    schema: `v${descriptor.version}, layout ${descriptor.schema_id.toString(16)}`,
    stream: detail.entry?.topic,
    entryId: detail.metrics[metric]?.entry_id ?? detail.entry?.entry_id,
    quality: 'raw, as its entry carries it',
  }
}

/** Writes the line that is copied; null when the run lacks the metric. */
export function seedValueLine(detail: SeedDetail, { descriptor, metric, nowMs, origin }: Wanted): string | null {
  const column = descriptor.seed_columns.find((candidate) => candidate.name === metric)
  if (column === undefined) return null
  const value = detail.metrics[metric]?.value ?? null
  const path = PAGE_PATHS.seed({ layerId: detail.layer_id, seedId: detail.seed_id })
  return provenanceText(value === null ? 'unmeasured' : formatWithUnit(value, column), {
    ...seedProvenance(detail, descriptor, metric),
    shownMs: nowMs,
    link: `${origin}${path}?run=${encodeURIComponent(detail.run_id)}#raw`,
  })
}

/** Asks and copies; answers what to say. Never throws. */
export async function copySeedValue(wanted: Wanted): Promise<string> {
  const { seed, descriptor } = wanted
  const path = `/api/layers/${encodeURIComponent(seed.layerId)}/seeds/${seed.seedId}`
  try {
    const detail = await askApi<SeedDetail>(`${path}?run=${encodeURIComponent(descriptor.run_id)}`)
    const line = seedValueLine(detail, wanted)
    if (line === null) return 'This run does not carry that metric.'
    try {
      await navigator.clipboard.writeText(line)
      return `Copied: ${line.split(' · ').slice(0, 3).join(', ')}`
    } catch {
      return `Copy this: ${line}`
    }
  } catch (error) {
    return `Not copied: ${problemOf(error)?.text ?? 'the server did not answer'}`
  }
}
