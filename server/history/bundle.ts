/*
 * bundle: a window of a run as one tar: what it is, hashes of all its files, the records as JSON lines, the columns as they were kept.
 * In: a history, a window. Out: bytes in pieces; a manifest that another installation checks before it opens anything.
 * Invariant: blocks that reach into the window go in whole and unchanged; the manifest comes first and names every file with its
 * length and SHA-256; the same window of the same history gives the same files.
 * Source: docs/history.md "bundles".
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../lib/contracts/appError.ts'
import { ReplayGap, type ReplayMoment } from '../../lib/contracts/httpReplay.ts'
import { Finite, RunId } from '../../lib/contracts/ids.ts'
import { EXACT_MAX_SEEDS } from '../../lib/contracts/socketNames.ts'
import { BLOCK_KIND, encodeBlock } from './blockFile.ts'
import { encodeEvents } from './eventLog.ts'
import { spanOf } from './historyLibrary.ts'
import type { HistoryTick } from './historyTick.ts'
import { encodeChunk } from './layerChunk.ts'
import { countRecords, recordsIn } from './replayEvents.ts'
import { stateAt } from './replayState.ts'
import type { RunHistory, Stretch } from './runHistory.ts'
import { tickValues } from './tickAt.ts'
import { tarEnd, tarHeader, tarPadding } from './tar.ts'

export const BUNDLE_FORM = 'morphoscope-history-bundle/1'

export const BundleManifest = z.object({
  form: z.literal(BUNDLE_FORM),
  run_id: RunId,
  title: z.string().max(120),
  made_at: z.iso.datetime(),
  from_ms: Finite,
  to_ms: Finite,
  /** Checksums of the state at both ends, as recorded live; null where nothing was recorded by then. */
  checksums: z.object({ from: z.string().nullable(), to: z.string().nullable() }),
  records: z.record(z.string(), z.int().min(0)),
  gaps: z.array(ReplayGap),
  files: z
    .array(z.object({ name: z.string().max(100), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .max(64),
})
export type BundleManifest = z.infer<typeof BundleManifest>

interface BundleFile {
  readonly name: string
  /** Makes its bytes anew each time. */
  pieces(): Generator<Uint8Array, void, void>
}

/** What is still in a tail, as the ticks it is made of. */
function ticksOf(history: RunHistory, layer: number, stretch: Stretch): HistoryTick[] {
  const { seed_columns: columns, layer_columns: layerColumns } = history.run.descriptor
  return stretch.moments().map((moment, at) => {
    const seeds = new Float32Array(columns.length * stretch.rows)
    columns.forEach((column, place) => seeds.set(tickValues(stretch, at, column), place * stretch.rows))
    const layerValues = Float32Array.from(layerColumns, (_, place) => stretch.layerValue(at, place))
    return { ...moment, layer, seeds, layerValues }
  })
}

function* columnPieces(history: RunHistory, fromMs: number, toMs: number): Generator<Uint8Array, void, void> {
  const { descriptor } = history.run
  const seeds = descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
  for (let layer = 0; layer < descriptor.layers.length; layer++) {
    const { layer_id: layerId, seeds: rows } = descriptor.layers[layer]!
    const all = history.stretches(layerId)
    // What the state at the beginning is made of comes along.
    const first = Math.max(
      0,
      all.findLastIndex((stretch) => stretch.fromMs <= fromMs),
    )
    for (const stretch of all.slice(first)) {
      if (stretch.fromMs > toMs) break
      const raw = history.rawChunk(stretch)
      if (raw !== null) {
        yield raw
        continue
      }
      const ticks = ticksOf(history, layer, stretch)
      const work = encodeChunk(ticks, {
        layerId,
        rows,
        columns: descriptor.seed_columns,
        layerColumns: descriptor.layer_columns.length,
        form: seeds <= EXACT_MAX_SEEDS ? 'exact' : 'fine',
      })
      let step = work.next()
      while (step.done !== true) step = work.next()
      yield encodeBlock(
        {
          kind: BLOCK_KIND.chunk,
          packed: false,
          layer,
          count: ticks.length,
          fromMs: stretch.fromMs,
          toMs: stretch.toMs,
          counts: [rows, 0],
        },
        step.value,
      )
    }
  }
}

const RECORDS_PER_BLOCK = 1_000

function filesOf(histories: readonly RunHistory[], fromMs: number, toMs: number): BundleFile[] {
  const history = histories[0]!
  const gaps = history.gaps().filter((gap) => gap.to_ms >= fromMs && gap.from_ms <= toMs)
  return [
    {
      name: 'run.json',
      *pieces() {
        yield Buffer.from(`${JSON.stringify({ ...history.run, kept: 'imported' }, null, 2)}\n`)
      },
    },
    {
      name: 'events.jsonl',
      *pieces() {
        for (const { record } of recordsIn(histories, fromMs, toMs)) yield Buffer.from(`${JSON.stringify(record)}\n`)
      },
    },
    {
      name: 'history/000001.mhs',
      *pieces() {
        yield* columnPieces(history, fromMs, toMs)
        const batch = [...recordsIn(histories, fromMs, toMs)].map(({ record }) => record)
        for (let at = 0; at < batch.length; at += RECORDS_PER_BLOCK) {
          const { head, payload } = encodeEvents(batch.slice(at, at + RECORDS_PER_BLOCK), new Map())
          yield encodeBlock(head, payload)
        }
        for (const gap of gaps) {
          const head = { kind: BLOCK_KIND.gap, packed: false, layer: 0, count: 1, counts: [] }
          yield encodeBlock({ ...head, fromMs: gap.from_ms, toMs: gap.to_ms }, Buffer.from(JSON.stringify(gap)))
        }
      },
    },
  ]
}

function measure(file: BundleFile): BundleManifest['files'][number] {
  const hash = createHash('sha256')
  let bytes = 0
  for (const piece of file.pieces()) {
    hash.update(piece)
    bytes += piece.byteLength
  }
  return { name: file.name, bytes, sha256: hash.digest('hex') }
}

export interface Bundle {
  readonly fileName: string
  readonly fromMs: number
  readonly toMs: number
  /** The archive; the caller takes a piece when it has room for it. */
  pieces(): Generator<Uint8Array, void, void>
}

/** Prepares a bundle: everything is measured and hashed before the first byte leaves. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function makeBundle(
  histories: readonly RunHistory[],
  window: { readonly from?: ReplayMoment | undefined; readonly to?: ReplayMoment | undefined },
  nowMs: number,
): Bundle {
  const history = histories[0]!
  const span = spanOf(history)
  if (span === null) throw new AppError('STATE_NOT_FOUND', 'nothing of this run is recorded', { path: 'run' })
  const fromMs = window.from?.ms ?? span.fromMs
  const toMs = window.to?.ms ?? span.toMs
  if (toMs < fromMs) throw new AppError('CONTRACT_INVALID', 'to lies before from', { path: 'to' })
  const files = filesOf(histories, fromMs, toMs)
  const measured = files.map(measure)
  const checksumAt = (ms: number): string | null => stateAt(history, { ms, seq: null }).recorded_checksum
  const manifest: BundleManifest = {
    form: BUNDLE_FORM,
    run_id: history.run.run_id,
    title: history.run.descriptor.title,
    made_at: new Date(nowMs).toISOString(),
    from_ms: fromMs,
    to_ms: toMs,
    checksums: { from: checksumAt(fromMs), to: checksumAt(toMs) },
    records: countRecords(histories, fromMs, toMs),
    gaps: history.gaps().filter((gap) => gap.to_ms >= fromMs && gap.from_ms <= toMs),
    files: measured,
  }
  const named = history.run.run_id.replaceAll(/[^\w-]/g, '_').slice(0, 48)
  return {
    fileName: `morphoscope-${named}-${new Date(fromMs).toISOString().replaceAll(/[:.]/g, '-')}.tar`,
    fromMs,
    toMs,
    *pieces() {
      const atS = nowMs / 1_000
      const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
      yield tarHeader('manifest.json', text.byteLength, atS)
      yield text
      yield tarPadding(text.byteLength)
      for (const [at, file] of files.entries()) {
        const { name, bytes } = measured[at]!
        yield tarHeader(name, bytes, atS)
        yield* file.pieces()
        yield tarPadding(bytes)
      }
      yield tarEnd()
    },
  }
}
