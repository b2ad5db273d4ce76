import { expect, test } from 'vitest'
import {
  BUNDLE_KIND,
  createBundleVerifier,
  createSealer,
  isBundleHead,
  sealText,
  toBundleLine,
} from '../../../../lib/audit/bundle.ts'
import { csvCell, csvLine } from '../../../../lib/audit/csv.ts'
import { diffValues } from '../../../../lib/audit/diffValues.ts'
import { openCheckpoint } from '../../../../lib/audit/checkpoint.ts'
import { inclusionProof, leafHash, verifyInclusion } from '../../../../lib/audit/merkle.ts'
import { createProofTree } from '../../../../lib/audit/proofTree.ts'
import { makeTrail, newSigner } from '../../../support/auditTrail.ts'

const signer = newSigner()
const thief = newSigner()
const { entries, notes } = makeTrail(signer, 1_000, 100)
const leaves = entries.map(({ bytes }) => leafHash(bytes))
const seal = (digest: Uint8Array): string => signer.signNote(sealText(digest)).toString('base64')

function makeBundle(seqs: readonly number[], checkpoint: string | null = notes.at(-1)!): string[] {
  const sealer = createSealer(seal)
  const head = {
    bundle: BUNDLE_KIND,
    log_id: 'log-of-a-test',
    query: '',
    made_at: '2026-01-01T00:00:00.000Z',
    checkpoint,
  }
  const lines = [
    sealer.line(JSON.stringify(head)),
    ...seqs.map((seq) => {
      const { bytes, signature } = entries[seq]!
      return sealer.line(toBundleLine(bytes, signature, checkpoint === null ? null : inclusionProof(leaves, seq)))
    }),
    sealer.end(),
  ]
  return lines.map((line) => line.trimEnd())
}
const judge = (lines: readonly string[], keys = [signer]) => {
  const verifier = createBundleVerifier(keys)
  for (const line of lines) verifier.add(line)
  return verifier.finish()
}

test('a bundle holds with its entries, their proofs and its seal', () => {
  const lines = makeBundle([999, 500, 3])
  expect(isBundleHead(lines[0]!)).toBe(true)
  expect(judge(lines)).toEqual({ outcome: 'ok', entries: 3, proved: 3, firstBad: null, missing: [] })
  expect(judge(makeBundle([7], null))).toMatchObject({
    outcome: 'ok',
    proved: 0,
    missing: [expect.stringContaining('1 entries')],
  })
  expect(judge(lines, [])).toMatchObject({ outcome: 'incomplete' })
})

test('whatever is changed, left out, added or sealed by another key is found', () => {
  const lines = makeBundle([999, 500, 3])
  const changed = lines.with(2, lines[2]!.replace('because', 'becausE'))
  expect(judge(changed)).toMatchObject({ outcome: 'tampered', firstBad: { line: 3 } })
  expect(judge(lines.toSpliced(2, 1))).toMatchObject({
    outcome: 'tampered',
    firstBad: { text: expect.stringContaining('seal') },
  })
  expect(judge(lines.slice(0, -1))).toMatchObject({
    outcome: 'incomplete',
    missing: [expect.stringContaining('without its seal')],
  })
  expect(judge([...lines, lines[1]!])).toMatchObject({
    outcome: 'tampered',
    firstBad: { text: 'lines follow the seal' },
  })
  expect(judge(lines, [thief])).toMatchObject({ outcome: 'tampered' })
  const otherProof = lines.with(2, `${lines[2]!.slice(0, lines[2]!.indexOf(',"proof"'))},"proof":[]}`)
  expect(judge(otherProof).firstBad).toMatchObject({ seq: 500, text: expect.stringContaining('proof') })
})

test('the tree in blocks proves every entry under every checkpoint as the tree in full does', async () => {
  const tree = createProofTree()
  for (const leaf of leaves) tree.add(leaf)
  const read = (from: number, to: number) => Promise.resolve(leaves.slice(from, to))
  for (const size of [1, 2, 255, 256, 257, 300, 512, 700, 1_000])
    for (const index of [0, 1, 199, 255, 256, 299, 511, 699, 999].filter((at) => at < size)) {
      const part = leaves.slice(0, size)
      expect((await tree.prove(index, size, read)).map((hash) => Buffer.from(hash).toString('hex'))).toEqual(
        inclusionProof(part, index).map((hash) => Buffer.from(hash).toString('hex')),
      )
    }
  const { size, rootHex } = openCheckpoint(notes.at(-1)!, [signer])!
  const proof = await tree.prove(321, size, read)
  expect(verifyInclusion({ index: 321, size, leaf: leaves[321]!, proof, root: Buffer.from(rootHex, 'hex') })).toBe(true)
  await expect(tree.prove(5, 1_001, read)).rejects.toThrow('1000 are known')
})

test('no cell of a table is taken for a formula, and none breaks its row', () => {
  for (const text of ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', ' =1', '|x', '＝1'])
    expect(csvCell(text)).toMatch(/^"'/)
  expect(csvCell('a "b", c\nd')).toBe('"a ""b"", c d"')
  expect(csvLine([1, null, 'x'])).toBe('"1","","x"')
})

test('a difference names every leaf that is not the same, and what one side has not got', () => {
  expect(diffValues({ a: 1, b: { c: [1, 2] }, d: null }, { a: 1, b: { c: [1, 3] }, e: '' })).toEqual([
    { path: 'b.c.1', before: 2, after: 3 },
    { path: 'd', before: null },
    { path: 'e', after: '' },
  ])
  expect(diffValues({ x: [] }, { x: [] })).toEqual([])
})
