/*
 * gatewayStore: what the gateway must know after a restart: its epochs, the stops, and how far acks were read.
 * In: the data folder. Out: the state, and writes that are whole or not there.
 * Invariant: gateway_epoch grows with every start, also when the file was lost (Unix seconds are its floor); a damaged file is put
 * aside and said, never fatal: a stop must work on a bad disk. A failed write is told, and tried again with the next change.
 * Source: docs/adr/0008-gateway-process.md.
 */
import { readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { GatewayStopState } from '../../lib/contracts/gatewayControl.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { writeWhole, writeWholeSoon } from './writeWhole.ts'

const Count = z.int().min(0)
const StoredStop = z.object({
  state: GatewayStopState,
  /** Message id per layer; the empty name is the one message to all. */
  messages: z.record(z.string(), z.uuid()),
})
export type StoredStop = z.infer<typeof StoredStop>

const State = z.object({
  version: z.literal(1),
  gateway_epoch: Count,
  stop_epoch: Count,
  /** Not bounded here: a list that is too long must never cost the epochs beside it. */
  stops: z.array(StoredStop),
  /** Topic -> cursor behind which acks are read again. */
  ack_cursors: z.record(z.string(), z.string()),
})
type State = z.infer<typeof State>

export interface GatewayStore {
  /** Epoch of this start; on disk already. */
  readonly gatewayEpoch: number
  /** As the last start left it. */
  readonly before: { readonly stopEpoch: number; readonly stops: readonly StoredStop[] }
  readonly ackCursors: Readonly<Record<string, string>>
  /** Returns at once; `onWritten` is told why it failed, or null when it is on disk. */
  saveStops(stopEpoch: number, stops: readonly StoredStop[], onWritten: (problem: string | null) => void): void
  saveCursors(cursors: Readonly<Record<string, string>>): void
  /** Resolves when everything that was saved is on disk or was told as failed. */
  flush(): Promise<void>
}

export interface GatewayStoreOptions {
  readonly dataDir: string
  readonly clock: Clock
  readonly onProblem: (text: string) => void
}

/** Opens the store and begins a new epoch. */
export function openGatewayStore({ dataDir, clock, onProblem }: GatewayStoreOptions): GatewayStore {
  const file = path.join(dataDir, 'gateway', 'state.json')
  const found = read(file, onProblem)
  const floor = Math.floor(clock.wallMs() / 1_000)
  const state: State = {
    version: 1,
    gateway_epoch: Math.max((found?.gateway_epoch ?? 0) + 1, floor),
    // A stop of the last start may have left without being written: its number is not used again.
    stop_epoch: (found?.stop_epoch ?? 0) + (found === null ? 0 : 1),
    stops: found?.stops ?? [],
    ack_cursors: found?.ack_cursors ?? {},
  }
  let problem: string | null = null
  let writing: Promise<void> | null = null
  let isDirty = false
  const failed = (error: unknown): void => {
    const text = `the state of the gateway can not be written to ${file} (${(error as Error).message})`
    if (problem === null) onProblem(text)
    problem = text
  }
  const waiting: ((problem: string | null) => void)[] = []
  /** One write at a time, the newest state each time. */
  const save = async (): Promise<void> => {
    for (isDirty = true; isDirty;) {
      isDirty = false
      const told = waiting.splice(0)
      try {
        await writeWholeSoon(file, JSON.stringify(state))
        problem = null
      } catch (error) {
        failed(error)
      }
      for (const tell of told) tell(problem)
    }
  }
  const saveSoon = (): void => {
    if (writing === null) writing = save().finally(() => (writing = null))
    else isDirty = true
  }
  try {
    // The start's own number is on disk before anything is signed with it.
    writeWhole(file, JSON.stringify(state))
  } catch (error) {
    failed(error)
  }
  return {
    gatewayEpoch: state.gateway_epoch,
    before: { stopEpoch: state.stop_epoch, stops: state.stops },
    get ackCursors() {
      return state.ack_cursors
    },
    saveStops(stopEpoch, stops, onWritten) {
      state.stop_epoch = stopEpoch
      state.stops = [...stops]
      waiting.push(onWritten)
      saveSoon()
    },
    saveCursors(cursors) {
      state.ack_cursors = { ...cursors }
      saveSoon()
    },
    async flush() {
      while (writing !== null) await writing
    },
  }
}

function read(file: string, onProblem: (text: string) => void): State | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT')
      onProblem(`${file} can not be read: ${(error as Error).message}`)
    return null
  }
  try {
    return State.parse(JSON.parse(text))
  } catch {
    const aside = `${file}.damaged`
    try {
      renameSync(file, aside)
    } catch {
      // The next save replaces it.
    }
    onProblem(`${file} is damaged and was put aside as ${aside}; stops in force are learnt from the layers`)
    return null
  }
}
