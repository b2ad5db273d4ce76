/*
 * merkle: the tree of RFC 6962 over the entries of a log: its root, proofs that one entry is in it, proofs that it only grew.
 * In: hashes of leaves. Out: roots and proofs, and their verification.
 * Invariant: leaves and nodes are hashed under different prefixes, so that neither can pass for the other; a growing tree keeps
 * one hash per level.
 * Source: docs/audit.md "tree"; RFC 6962 2.1, RFC 9162 2.1.3.2 and 2.1.4.2.
 */
import { createHash } from 'node:crypto'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** Hashes the bytes of an entry: 32 bytes. */
export const leafHash = (bytes: Uint8Array): Buffer => createHash('sha256').update(LEAF).update(bytes).digest()
/** Hashes two subtrees into the one above them. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash('sha256').update(NODE).update(left).update(right).digest()

const EMPTY_ROOT = createHash('sha256').digest()

/** A tree that grows: per level of a full subtree, from the largest, its hash. */
export interface TreeFrontier {
  readonly size: number
  readonly hashes: readonly Uint8Array[]
}

export const EMPTY_FRONTIER: TreeFrontier = Object.freeze({ size: 0, hashes: [] })

/** Adds one leaf; the given frontier stays as it is. */
export function growFrontier({ size, hashes }: TreeFrontier, leaf: Uint8Array): TreeFrontier {
  const next = [...hashes]
  let hash: Uint8Array = leaf
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) hash = nodeHash(next.pop()!, hash)
  next.push(hash)
  return { size: size + 1, hashes: next }
}

/** Computes the root of what has grown so far. */
export function frontierRoot({ hashes }: TreeFrontier): Buffer {
  if (hashes.length === 0) return EMPTY_ROOT
  return Buffer.from(hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), hashes.at(-1)!))
}

/** Largest power of two that is smaller than n, for n > 1. */
function splitOf(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Computes the root over leaves `from` to before `to`. */
function rootOf(leaves: readonly Uint8Array[], from: number, to: number): Uint8Array {
  let frontier = EMPTY_FRONTIER
  for (let at = from; at < to; at++) frontier = growFrontier(frontier, leaves[at]!)
  return frontierRoot(frontier)
}

/** Proves that leaf `index` is in the tree over all `leaves`: from its sibling up. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  const walk = (from: number, to: number): Uint8Array[] => {
    if (to - from === 1) return []
    const middle = from + splitOf(to - from)
    return index < middle
      ? [...walk(from, middle), rootOf(leaves, middle, to)]
      : [...walk(middle, to), rootOf(leaves, from, middle)]
  }
  if (index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index} in a tree of ${leaves.length}`)
  return walk(0, leaves.length)
}

export interface InclusionClaim {
  readonly index: number
  readonly size: number
  readonly leaf: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Tells whether the proof leads from the leaf to the root. Never throws. */
export function verifyInclusion({ index, size, leaf, proof, root }: InclusionClaim): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false
  let [node, last, hash] = [index, size - 1, leaf]
  for (const step of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(step, hash)
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    } else hash = nodeHash(hash, step)
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  return last === 0 && same(hash, root)
}

/** Proves that the tree over the first `size` leaves is the beginning of the tree over all of them. */
export function consistencyProof(leaves: readonly Uint8Array[], size: number): Uint8Array[] {
  const walk = (m: number, from: number, to: number, whole: boolean): Uint8Array[] => {
    if (m === to - from) return whole ? [] : [rootOf(leaves, from, to)]
    const k = splitOf(to - from)
    return m <= k
      ? [...walk(m, from, from + k, whole), rootOf(leaves, from + k, to)]
      : [...walk(m - k, from + k, to, false), rootOf(leaves, from, from + k)]
  }
  if (size < 0 || size > leaves.length) throw new RangeError(`no tree of ${size} inside one of ${leaves.length}`)
  return size === 0 ? [] : walk(size, 0, leaves.length, true)
}

export interface ConsistencyClaim {
  readonly oldSize: number
  readonly newSize: number
  readonly oldRoot: Uint8Array
  readonly newRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Tells whether the old tree is the beginning of the new one. Never throws. */
export function verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof }: ConsistencyClaim): boolean {
  if (oldSize > newSize) return false
  if (oldSize === newSize) return proof.length === 0 && same(oldRoot, newRoot)
  if (oldSize === 0) return proof.length === 0
  const isFull = Number.isInteger(Math.log2(oldSize))
  const steps = isFull ? [oldRoot, ...proof] : [...proof]
  const first = steps.shift()
  if (first === undefined) return false
  let [node, last] = [oldSize - 1, newSize - 1]
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  let [older, newer] = [first, first]
  for (const step of steps) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      older = nodeHash(step, older)
      newer = nodeHash(step, newer)
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    } else newer = nodeHash(newer, step)
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  return last === 0 && same(older, oldRoot) && same(newer, newRoot)
}
