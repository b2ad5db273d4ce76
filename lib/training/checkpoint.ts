/*
 * Checkpoint: the whole run as bytes, and back: versioned, checksummed, bound to its configuration.
 * In: core. Out: Uint8Array (magic, version, lengths, SHA-256, JSON header, float32 tensors), and an exact restore.
 * Invariant: no byte is believed before the checksum holds; a restored run has the same hash and the same future.
 * Source: docs/training.md "checkpoints".
 */
import { createHash } from 'node:crypto'
import { AppError } from '../contracts/appError.ts'
import { SEED_STATES } from '../contracts/lifecycleTable.ts'
import { findBlueprint } from './blueprints.ts'
import type { EventLogState } from './eventLog.ts'
import type { GovernorState } from './governor.ts'
import type { RngState } from './rng.ts'
import { SeedModule } from './seedModule.ts'
import type { SeedRecord } from './seedRecord.ts'
import { restoreTensors, takeSnapshot, type ModuleCopy, type Snapshot, type TensorCopy } from './snapshot.ts'
import type { ActiveFault, Counters, TrainerCore } from './trainerCore.ts'

const MAGIC = 'MSCK'
const VERSION = 1
/** magic 4, version 4, header length 4, payload length 4, SHA-256 of the rest 32. */
const PREFIX_BYTES = 48
/** A fully grown default run is about 0.4 MB; a thousand times that is not a checkpoint. */
const MAX_BYTES = 400_000_000

interface Header {
  readonly checkpointId: string
  readonly config: unknown
  readonly dataset: { readonly name: string; readonly sha256: string | null }
  readonly counters: Counters
  readonly seeds: readonly SeedRecord[]
  readonly dataRng: RngState
  readonly policyRng: RngState
  readonly governor: GovernorState
  readonly window: readonly number[]
  readonly readings: Readonly<Record<string, readonly number[]>>
  readonly layerGradSquares: readonly number[]
  readonly faults: readonly ActiveFault[]
  readonly refusals: readonly (readonly [string, { tick: number; suppressed: number }])[]
  readonly events: EventLogState
  readonly current: SnapshotHead
  /** The governor's last good snapshot: without it a restored run would roll back to somewhere else. */
  readonly lastGood: SnapshotHead
}

type SnapshotHead = Omit<Snapshot, 'host' | 'modules'> & { readonly modules: readonly Omit<ModuleCopy, 'tensors'>[] }

export interface DecodedCheckpoint {
  readonly header: Header
  readonly snapshot: Snapshot
  readonly lastGood: Snapshot
}

/** JSON has no NaN; unmeasured must survive the trip. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? `$${String(item)}` : item,
  )
const SPECIAL: Readonly<Record<string, number>> = { $NaN: NaN, $Infinity: Infinity, '$-Infinity': -Infinity }
const fromJson = (text: string): unknown =>
  JSON.parse(text, (key, item: unknown) => {
    if (key === '__proto__') return undefined
    return typeof item === 'string' && item in SPECIAL ? SPECIAL[item] : item
  })

const refuse = (message: string, cause?: unknown): AppError => new AppError('CONTRACT_INVALID', message, {}, cause)
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

const headOf = ({ host: _host, modules, ...rest }: Snapshot): SnapshotHead => ({
  ...rest,
  modules: modules.map(({ tensors: _tensors, ...module }) => module),
})

/** Encodes the run as it is now, at a step boundary. */
export function encodeCheckpoint(core: TrainerCore, checkpointId: string, lastGood: Snapshot): Uint8Array {
  const snapshot = takeSnapshot(core)
  const header: Header = {
    checkpointId,
    config: core.config,
    dataset: { name: core.dataset.name, sha256: core.dataset.sha256 },
    counters: core.counters,
    seeds: core.seeds,
    dataRng: core.dataRng.save(),
    policyRng: core.policyRng.save(),
    governor: core.governor.save(),
    window: core.window.save(),
    readings: Object.fromEntries(
      Object.entries(core.window.readings).map(([key, v]) => [key, Array.from(v as Float64Array)]),
    ),
    layerGradSquares: Array.from(core.layerGradSquares),
    faults: core.faults,
    refusals: [...core.refusals],
    events: core.events.save(),
    current: headOf(snapshot),
    lastGood: headOf(lastGood),
  }
  const head = Buffer.from(toJson(header), 'utf8')
  const parts: Uint8Array[] = []
  const add = (tensor: TensorCopy): void => {
    for (const array of [tensor.w, tensor.m, tensor.v]) {
      parts.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    }
  }
  for (const part of [snapshot, lastGood]) {
    part.host.forEach(add)
    for (const module of part.modules) module.tensors.forEach(add)
  }
  const body = Buffer.concat([head, ...parts])
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.write(MAGIC, 0, 'latin1')
  prefix.writeUInt32LE(VERSION, 4)
  prefix.writeUInt32LE(head.length, 8)
  prefix.writeUInt32LE(body.length - head.length, 12)
  sha256(body).copy(prefix, 16)
  return new Uint8Array(Buffer.concat([prefix, body]))
}

function openBody(bytes: Uint8Array): { head: Buffer; payload: Buffer } {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (all.length > MAX_BYTES) throw refuse(`checkpoint of ${all.length} bytes is over the bound`)
  if (all.length < PREFIX_BYTES || all.subarray(0, 4).toString('latin1') !== MAGIC) throw refuse('not a checkpoint')
  const version = all.readUInt32LE(4)
  if (version !== VERSION) throw new AppError('CONTRACT_VERSION', `checkpoint version ${version} is not ${VERSION}`)
  const headBytes = all.readUInt32LE(8)
  const payloadBytes = all.readUInt32LE(12)
  if (PREFIX_BYTES + headBytes + payloadBytes !== all.length) throw refuse('checkpoint is cut short or too long')
  const body = all.subarray(PREFIX_BYTES)
  if (!sha256(body).equals(all.subarray(16, 48))) throw refuse('checkpoint is damaged: its checksum does not hold')
  return { head: body.subarray(0, headBytes), payload: body.subarray(headBytes) }
}

/**
 * Decodes and checks bytes against the run they are meant for.
 * @throws CONTRACT_INVALID damaged or foreign · CONTRACT_VERSION · COMMAND_PRECONDITION other configuration or data set
 */
export function decodeCheckpoint(core: TrainerCore, bytes: Uint8Array): DecodedCheckpoint {
  const { head, payload } = openBody(bytes)
  let header: unknown
  try {
    header = fromJson(head.toString('utf8'))
  } catch (cause) {
    throw refuse('checkpoint header is not JSON', cause)
  }
  if (!isHeader(header)) throw refuse('checkpoint header has not the documented shape')
  if (toJson(header.config) !== toJson(core.config) || header.dataset.sha256 !== core.dataset.sha256) {
    throw new AppError('COMMAND_PRECONDITION', 'checkpoint belongs to another configuration or data set')
  }
  let at = 0
  const read = (length: number): Float32Array => {
    if (at + 4 * length > payload.length) throw refuse('checkpoint tensors are cut short')
    const values = new Float32Array(length)
    for (let i = 0; i < length; i++) values[i] = payload.readFloatLE(at + 4 * i)
    at += 4 * length
    return values
  }
  const readTensors = (lengths: readonly number[]): TensorCopy[] =>
    lengths.map((length) => ({ w: read(length), m: read(length), v: read(length) }))
  const readSnapshot = (part: SnapshotHead): Snapshot => ({
    ...part,
    host: readTensors(core.network.parameters.map((parameter) => parameter.w.length)),
    modules: part.modules.map((module) => ({ ...module, tensors: readTensors(moduleLengths(core, module)) })),
  })
  const snapshot = readSnapshot(header.current)
  const lastGood = readSnapshot(header.lastGood)
  if (at !== payload.length) throw refuse('checkpoint has bytes that belong to nothing')
  if (!fitsRun(core, header)) throw refuse('checkpoint header does not fit its own configuration')
  return { header, snapshot, lastGood }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isSnapshotHead = (value: unknown): boolean =>
  isRecord(value) && Array.isArray(value['modules']) && value['modules'].every(isRecord)

/** Tells whether the parts that are read before the run is touched are there: a checksum is no signature. */
function isHeader(value: unknown): value is Header {
  if (!isRecord(value) || !isRecord(value['dataset']) || !isRecord(value['counters'])) return false
  const lists = ['seeds', 'window', 'layerGradSquares', 'faults', 'refusals'].every((key) => Array.isArray(value[key]))
  const records = ['dataRng', 'policyRng', 'governor', 'readings', 'events'].every((key) => isRecord(value[key]))
  const id = value['checkpointId']
  const named = typeof id === 'string' && /^[A-Za-z0-9_:-]{1,128}$/.test(id)
  return lists && records && named && isSnapshotHead(value['current']) && isSnapshotHead(value['lastGood'])
}

/** Tells whether every list has the length this run gives it and every seed with a recipe has its module. */
function fitsRun(core: TrainerCore, header: Header): boolean {
  const modules = new Map(header.current.modules.map((module) => [module.index, module.blueprintId]))
  const seedsFit = header.seeds.every(
    (seed, i) =>
      isRecord(seed) && SEED_STATES.includes(seed.state) && (seed.blueprintId ?? undefined) === modules.get(i),
  )
  const countersFit = Object.keys(core.counters).every(
    (key) => typeof header.counters[key as keyof Counters] === 'number',
  )
  return (
    header.seeds.length === core.seeds.length &&
    seedsFit &&
    countersFit &&
    header.window.length === core.window.save().length &&
    header.layerGradSquares.length === core.layerGradSquares.length &&
    header.dataRng.words?.length === 4 &&
    header.policyRng.words?.length === 4 &&
    Array.isArray(header.governor.losses) &&
    Object.entries(core.window.readings).every(([key, values]) => header.readings[key]?.length === values.length)
  )
}

function newModule(core: TrainerCore, module: Omit<ModuleCopy, 'tensors'>): SeedModule {
  const blueprint = findBlueprint(module.blueprintId)
  const seed = core.seeds[module.index]
  if (!blueprint || !seed) throw refuse(`checkpoint names module ${String(module.blueprintId).slice(0, 64)}`)
  // The stream is put back afterwards: building draws numbers that the tensors then overwrite.
  const before = core.policyRng.save()
  const built = new SeedModule(blueprint, core.network.place(seed.layer), core.policyRng)
  core.policyRng.restore(before)
  return built
}

function moduleLengths(core: TrainerCore, module: Omit<ModuleCopy, 'tensors'>): number[] {
  return newModule(core, module).parameters.map((parameter) => parameter.w.length)
}

/** Puts everything back: tensors, records, streams, counters, window, event chain. */
export function restoreExact(core: TrainerCore, decoded: DecodedCheckpoint): void {
  const { header, snapshot } = decoded
  const { network } = core
  network.modules.fill(null)
  core.seeds.forEach((seed, i) => Object.assign(seed, structuredClone(header.seeds[i])))
  for (const module of snapshot.modules) network.modules[module.index] = newModule(core, module)
  restoreTensors(core, snapshot)
  for (const seed of core.seeds) core.alphas[seed.index] = seed.alpha
  Object.assign(core.counters, header.counters)
  core.dataRng.restore(header.dataRng)
  core.policyRng.restore(header.policyRng)
  core.governor.restore(header.governor)
  core.window.restore(header.window)
  for (const [key, values] of Object.entries(header.readings)) {
    core.window.readings[key as keyof typeof core.window.readings]?.set(values)
  }
  core.layerGradSquares.set(header.layerGradSquares)
  core.faults.splice(0, core.faults.length, ...structuredClone([...header.faults]))
  core.refusals.clear()
  for (const [key, value] of header.refusals) core.refusals.set(key, { ...value })
  core.events.restore(header.events)
}
