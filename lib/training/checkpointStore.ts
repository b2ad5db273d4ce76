/*
 * CheckpointStore: the last few encoded checkpoints of a run, by id, in memory.
 * In: bytes. Out: bytes and their description; the oldest leaves when the bound is reached.
 * Invariant: bounded by count; what is described is what the bytes hash to.
 * Source: docs/training.md "checkpoints".
 */
import { createHash } from 'node:crypto'
import type { CheckpointInfo } from './trainerTypes.ts'

export interface CheckpointStore {
  add(checkpointId: string, bytes: Uint8Array, step: number, tick: number): CheckpointInfo
  bytes(checkpointId: string): Uint8Array | null
  has(checkpointId: string): boolean
}

/** Creates a store that keeps `capacity` checkpoints. */
export function createCheckpointStore(capacity: number): CheckpointStore {
  const kept = new Map<string, Uint8Array>()
  return {
    add(checkpointId, bytes, step, tick) {
      kept.delete(checkpointId)
      kept.set(checkpointId, bytes)
      for (const oldest of kept.keys()) {
        if (kept.size <= capacity) break
        kept.delete(oldest)
      }
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return { checkpointId, bytes: bytes.length, step, tick, sha256 }
    },
    bytes: (checkpointId) => kept.get(checkpointId) ?? null,
    has: (checkpointId) => kept.has(checkpointId),
  }
}
