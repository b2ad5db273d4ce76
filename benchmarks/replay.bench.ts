/*
 * replay.bench: an hour of 10,000 seeds on the disk: how large it is, what writing costs, how long any moment of it takes.
 * In: nothing (--json FILE writes the results, --ticks N shortens the hour). Out: bytes per seed and hour, CPU per value, ms per frame.
 * Invariant: the hour is written by the recorder's own writer and read by the reader's own code, with nothing kept between two
 * questions; what comes back is held against its checksum.
 * Source: docs/history.md; docs/performance.md "history".
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ReplayFramesQuery } from '../lib/contracts/httpReplay.ts'
import type { RunDescriptor } from '../lib/contracts/runDescriptor.ts'
import { createLoadFrames } from '../lib/loadgen/loadFrames.ts'
import { buildLoadDescriptor } from '../lib/loadgen/loadRun.ts'
import { parseLoadTables } from '../lib/loadgen/loadTables.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import { openHistoryLibrary } from '../server/history/historyLibrary.ts'
import { checksumOf, type HistoryTick } from '../server/history/historyTick.ts'
import { framesOf } from '../server/history/replayFrames.ts'
import { stateAt } from '../server/history/replayState.ts'
import { cpuNs, cpuUsSince, finish, judge, judgeOnce, numberFlag, say } from './support/benchReport.ts'
import { openHourRecord } from './support/hourRecord.ts'

const LAYERS = 10
const SEEDS = 1_000
const TICKS = numberFlag('ticks', 3_600)
const HOUR_TICKS = 3_600
const ROUNDS = 9
const LOOKS = 20
const START = 1_700_000_000_000
const KB = 1_024

type Fill = (tick: number, layer: number) => Float32Array

/** Writes an hour at 1 Hz; tells bytes and CPU. */
function record(root: string, run: RunDescriptor, fill: Fill): { readonly bytes: number; readonly cpuUs: number } {
  const { writer, close } = openHourRecord(root, run, START)
  let cpuUs = 0
  for (let tick = 0; tick < TICKS; tick++) {
    const made = Array.from({ length: LAYERS }, (_, layer) => fill(tick, layer).slice())
    const before = process.cpuUsage()
    made.forEach((seeds, layer) => {
      const moment = { tick, step: tick * 20, flags: 0, entryMs: START + tick * 1_000, entrySeq: layer }
      const checksum = checksumOf(moment, seeds, SEEDS, run.seed_columns)
      const layerValues = new Float32Array(run.layer_columns.length)
      const one: HistoryTick = { ...moment, atMs: START + tick * 1_000, checksum, layer, layerValues, seeds }
      writer.tick(one)
    })
    if (writer.isDue(START + tick * 1_000)) close()
    cpuUs += cpuUsSince(before)
  }
  close()
  writer.end()
  const library = openHistoryLibrary(root)
  const bytes = library.list().find((one) => one.run.run_id === run.run_id)!.bytes
  library.close()
  return { bytes, cpuUs }
}

const root = mkdtempSync(path.join(tmpdir(), 'morphoscope-replay-bench-'))
try {
  const tables = parseLoadTables(readFileSync(new URL('../assets/loadgen/tables.json', import.meta.url), 'utf8'))
  const shape = { layers: LAYERS, seedsPerLayer: SEEDS, hz: 1, metrics: 6, seed: 1 }
  const load = buildLoadDescriptor(shape, { runId: 'bench-load', epoch: 1, eventsPerSecond: 0 }, tables, systemClock)
  const frames = createLoadFrames(shape, load, tables)
  let sweep: Float32Array[] = []
  const fromLoad: Fill = (tick, layer) => {
    if (layer === 0) {
      sweep = []
      frames.packs.forEach((layers, pack) => {
        const buffer = frames.fill(pack, { seq: tick * frames.packs.length + pack, sweep: tick, publishedAtS: 1 }, null)
        layers.forEach((place, at) => (sweep[place] = buffer.columns[at]!.slice()))
        frames.giveBack(buffer)
      })
    }
    return sweep[layer]!
  }
  // Four metrics that all move by about a hundredth each second: the store of docs/performance.md "history" was measured with these.
  const columns = ['health_score', 'sparsity', 'dead_node_ratio', 'avg_inter_node_correlation']
  const metrics = columns.map(
    (name) =>
      load.seed_columns.find((column) => column.name === name) ?? {
        ...load.seed_columns.find((column) => column.max === 1)!,
        name,
      },
  )
  const walk: RunDescriptor = { ...load, run_id: 'bench-walk', seed_columns: metrics }
  let seed = 1
  const chance = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 4_294_967_296
  }
  const walked = Array.from({ length: LAYERS }, () => Float32Array.from({ length: SEEDS * 4 }, () => chance()))
  const fromWalk: Fill = (_, layer) => {
    const values = walked[layer]!
    for (let at = 0; at < values.length; at++)
      values[at] = Math.min(1, Math.max(0, values[at]! + 0.01 * (chance() + chance() + chance() + chance() - 2) * 1.73))
    return values
  }

  const perSeedHour = (bytes: number): number => bytes / KB / (LAYERS * SEEDS) / (TICKS / HOUR_TICKS)
  const perValue = (cpuUs: number, run: RunDescriptor): number =>
    (cpuUs * 1_000) / (TICKS * LAYERS * SEEDS * run.seed_columns.length)
  say(`writing ${TICKS} ticks of ${LAYERS * SEEDS} seeds, four metrics`)
  const walkWritten = record(root, walk, fromWalk)
  say(
    `writing ${TICKS} ticks of ${LAYERS * SEEDS} seeds, ${load.seed_columns.length} columns in the likeness of the trainer`,
  )
  const loadWritten = record(root, load, fromLoad)

  /** Nothing is kept between two questions but open files. */
  const cold = openHistoryLibrary(root, 1)
  const history = cold.open('bench-load')
  let look = 0
  const momentOf = (): number => START + Math.floor((((look++ * 7_919) % 10_007) / 10_007) * (TICKS - 1)) * 1_000 + 400
  const ask = (more: Record<string, string>) => () => {
    const at = String(momentOf())
    framesOf(history, ReplayFramesQuery.parse({ from: at, to: at, precision: 'cells', ...more }))
  }
  const stretch = history.stretches('layer_0')[0] ?? history.stretches(load.layers[0]!.layer_id)[0]!
  const plane = zstdCompressSync(Buffer.from(Float32Array.from({ length: (stretch.count * SEEDS) / 4 }, chance).buffer))
  const ceiling = (): void => {
    for (let at = 0; at < LAYERS * 2; at++) zstdDecompressSync(plane)
  }
  const scrub = (name: string, more: Record<string, string>, bar: number | null) =>
    judge(
      name,
      'ms',
      Array.from({ length: ROUNDS }, () => ({
        value: cpuNs(LOOKS, ask(more)) / 1e6,
        ceiling: cpuNs(LOOKS, ceiling) / 1e6,
      })),
      {
        text:
          bar === null ? 'informative; ceiling: zstd of as many bytes' : `< ${bar} ms; ceiling: zstd of as many bytes`,
        holds: bar === null ? null : (value) => value < bar,
      },
    )
  const rebuilt = Array.from({ length: 5 }, () => stateAt(history, { ms: momentOf(), seq: null }))
  if (rebuilt.some((state) => state.agrees !== true))
    throw new Error('a state does not have the checksum it was recorded with')
  const warm = openHistoryLibrary(root)
  const kept = warm.open('bench-load')
  const next = (): void => {
    const at = String(START + (look++ % 20) * 1_000)
    framesOf(kept, ReplayFramesQuery.parse({ from: at, to: at, precision: 'cells' }))
  }
  for (let at = 0; at < 20; at++) next()

  finish([
    judgeOnce(
      'history on disk, 4 metrics that all change',
      'KB per seed-hour',
      { value: perSeedHour(walkWritten.bytes), samples: TICKS },
      { text: '<= 15 KB at 1 Hz', limit: 15 },
    ),
    judgeOnce(
      `history on disk, all ${load.seed_columns.length} columns of a generated run`,
      'KB per seed-hour',
      { value: perSeedHour(loadWritten.bytes), samples: TICKS },
      { text: '<= 60 KB at 1 Hz', limit: 60 },
    ),
    judgeOnce(
      'recording, all in',
      'ns CPU per value',
      { value: perValue(loadWritten.cpuUs, load), samples: TICKS },
      { text: '<= 250 ns', limit: 250 },
    ),
    scrub('any frame of 10,000 seeds in the hour, cold', {}, 50),
    scrub('any frame of one layer of 1,000 seeds, cold', { layer: load.layers[0]!.layer_id }, 50),
    judge(
      'a frame of a chunk that was just shown',
      'ms',
      Array.from({ length: ROUNDS }, () => ({ value: cpuNs(LOOKS, next) / 1e6, ceiling: cpuNs(LOOKS, ceiling) / 1e6 })),
      { text: '< 10 ms', holds: (value) => value < 10 },
    ),
    judge(
      'state with checksum over all columns, cold',
      'ms',
      Array.from({ length: ROUNDS }, () => ({
        value: cpuNs(3, () => stateAt(history, { ms: momentOf(), seq: null })) / 1e6,
        ceiling: cpuNs(LOOKS, ceiling) / 1e6,
      })),
      { text: 'informative', holds: null },
    ),
  ])
} finally {
  rmSync(root, { recursive: true, force: true })
}
