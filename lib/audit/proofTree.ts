/*
 * proofTree: the upper part of the tree over a long log, kept in memory, so that one entry is proved by reading few others.
 * In: hashes of leaves in their order. Out: a proof for any leaf, with the leaves of at most two blocks read again.
 * Invariant: 64 bytes a block of 256 leaves, 256 KiB a million entries; the proofs are those of merkle.ts.
 * Source: docs/audit.md "tree"; RFC 6962 2.1.1.
 */
import { EMPTY_FRONTIER, frontierRoot, growFrontier, inclusionProof, nodeHash, type TreeFrontier } from './merkle.ts'

export const BLOCK = 256

/** Hashes of leaves `from` to before `to`. */
export type ReadLeaves = (from: number, to: number) => Promise<readonly Uint8Array[]>

export interface ProofTree {
  readonly size: number
  add(leaf: Uint8Array): void
  /** From its sibling up, in the tree over the first `size` leaves. @throws RangeError for what is not in it */
  prove(index: number, size: number, read: ReadLeaves): Promise<Uint8Array[]>
}

const rootOf = (leaves: readonly Uint8Array[]): Buffer => {
  let frontier: TreeFrontier = EMPTY_FRONTIER
  for (const leaf of leaves) frontier = growFrontier(frontier, leaf)
  return frontierRoot(frontier)
}

const splitOf = (n: number): number => {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Creates an empty tree. */
export function createProofTree(): ProofTree {
  /** levels[0] are roots of whole blocks, each level above of two of the one below. */
  const levels: Uint8Array[][] = [[]]
  let open: TreeFrontier = EMPTY_FRONTIER
  let size = 0

  const addBlock = (root: Uint8Array): void => {
    levels[0]!.push(root)
    for (let level = 0; levels[level]!.length % 2 === 0; level++) {
      const below = levels[level]!
      const above = (levels[level + 1] ??= [])
      above.push(nodeHash(below.at(-2)!, below.at(-1)!))
    }
  }

  /** Root over leaves `from` to before `to`, of a subtree of the tree: `from` is a multiple of its width. */
  const subtree = async (from: number, to: number, read: ReadLeaves): Promise<Uint8Array> => {
    const width = to - from
    if (width <= BLOCK) return width === BLOCK ? levels[0]![from / BLOCK]! : rootOf(await read(from, to))
    const level = Math.log2(width / BLOCK)
    if (Number.isInteger(level)) return levels[level]![from / width]!
    const middle = from + splitOf(width)
    return nodeHash(await subtree(from, middle, read), await subtree(middle, to, read))
  }

  return {
    get size() {
      return size
    },
    add(leaf) {
      open = growFrontier(open, leaf)
      size++
      if (open.size < BLOCK) return
      addBlock(frontierRoot(open))
      open = EMPTY_FRONTIER
    },
    async prove(index, whole, read) {
      if (index < 0 || index >= whole || whole > size)
        throw new RangeError(`no leaf ${index} in a tree of ${whole}, of which ${size} are known`)
      const path: Uint8Array[] = []
      let [from, to] = [0, whole]
      while (to - from > BLOCK) {
        const middle = from + splitOf(to - from)
        if (index < middle) {
          path.push(await subtree(middle, to, read))
          to = middle
        } else {
          path.push(await subtree(from, middle, read))
          from = middle
        }
      }
      return [...inclusionProof(await read(from, to), index - from), ...path.reverse()]
    },
  }
}
