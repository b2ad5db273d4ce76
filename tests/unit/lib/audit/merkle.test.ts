import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  EMPTY_FRONTIER,
  consistencyProof,
  frontierRoot,
  growFrontier,
  inclusionProof,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../../lib/audit/merkle.ts'

const leavesOf = (n: number) => Array.from({ length: n }, (_, at) => leafHash(Buffer.from(`entry ${at}`)))

/** The definition of RFC 6962 2.1, word for word, as the measure of the incremental form. */
function rootByDefinition(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest()
  if (leaves.length === 1) return Buffer.from(leaves[0]!)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return createHash('sha256')
    .update(Buffer.of(1))
    .update(rootByDefinition(leaves.slice(0, k)))
    .update(rootByDefinition(leaves.slice(k)))
    .digest()
}
const rootOf = (leaves: readonly Uint8Array[]) => frontierRoot(leaves.reduce(growFrontier, EMPTY_FRONTIER))

test('hashes the published test vectors of RFC 6962 logs', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const leaves = inputs.map((hex) => leafHash(Buffer.from(hex, 'hex')))
  expect(rootOf([]).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(rootOf(leaves.slice(0, 1)).toString('hex')).toBe(
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  )
  expect(rootOf(leaves.slice(0, 2)).toString('hex')).toBe(
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  )
  expect(rootOf(leaves).toString('hex')).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
})

test('the growing tree has the root of the definition at every size', () => {
  for (let n = 0; n <= 130; n++) expect(rootOf(leavesOf(n)).equals(rootByDefinition(leavesOf(n))), `${n}`).toBe(true)
})

test('every leaf of every small tree is proved, and only where it is', () => {
  for (let size = 1; size <= 40; size++) {
    const leaves = leavesOf(size)
    const root = rootOf(leaves)
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(leaves, index)
      const claim = { index, size, leaf: leaves[index]!, proof, root }
      expect(verifyInclusion(claim), `${index} of ${size}`).toBe(true)
      if (size > 1) expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(false)
      expect(verifyInclusion({ ...claim, leaf: leafHash(Buffer.from('another')) })).toBe(false)
      expect(verifyInclusion({ ...claim, proof: [...proof, root] })).toBe(false)
      if (proof.length > 0) expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false)
    }
  }
})

test('every beginning of a tree is proved, and no other tree passes for it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.nat(), (size, pick) => {
      const leaves = leavesOf(size)
      const oldSize = pick % (size + 1)
      const claim = {
        oldSize,
        newSize: size,
        oldRoot: rootOf(leaves.slice(0, oldSize)),
        newRoot: rootOf(leaves),
        proof: consistencyProof(leaves, oldSize),
      }
      const forged = [leafHash(Buffer.from('forged')), ...leaves.slice(1)]
      const honest = verifyConsistency(claim)
      const lie = oldSize > 0 && verifyConsistency({ ...claim, oldRoot: rootOf(forged.slice(0, oldSize)) })
      return honest && !lie
    }),
    { seed: 7, numRuns: 400 },
  )
})
