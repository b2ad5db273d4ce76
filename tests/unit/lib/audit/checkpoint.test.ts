import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createAuditSigner } from '../../../../lib/audit/auditKey.ts'
import { noteVerifierKey, openCheckpoint, signCheckpoint, splitNotes } from '../../../../lib/audit/checkpoint.ts'

const signer = () =>
  createAuditSigner(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
const mine = signer()
const checkpoint = { origin: 'morphoscope/one', size: 1_234, rootHex: 'ab'.repeat(32) }
const note = signCheckpoint(checkpoint, mine)

test('a signed checkpoint reads back as what was signed', () => {
  expect(openCheckpoint(note, [signer(), mine])).toEqual(checkpoint)
  expect(note.split('\n').slice(0, 2)).toEqual(['morphoscope/one', '1234'])
})

test('a checkpoint of another key, or changed anywhere, is none', () => {
  expect(openCheckpoint(note, [signer()])).toBeNull()
  for (let at = 0; at < note.length - 1; at++) {
    const changed = `${note.slice(0, at)}${note[at] === 'x' ? 'y' : 'x'}${note.slice(at + 1)}`
    expect(openCheckpoint(changed, [mine]), `at ${at}`).toBeNull()
  }
})

test('the unused bits of the last base64 character do not make a second form of one signature', () => {
  const lines = note.trimEnd().split('\n')
  const last = lines.at(-1)!
  expect(last.endsWith('=')).toBe(true)
  const twin = Buffer.from(last.split(' ').at(-1)!, 'base64').toString('base64url')
  expect(
    openCheckpoint([...lines.slice(0, -1), `${last.split(' ').slice(0, 2).join(' ')} ${twin}`, ''].join('\n'), [mine]),
  ).toBeNull()
})

test('a file of notes splits into its notes, and one that was torn off is no checkpoint', () => {
  const second = signCheckpoint({ ...checkpoint, size: 2_000 }, mine)
  const parts = splitNotes(`${note}\n${second}\n${note.slice(0, 60)}`)
  expect(parts.map((part) => openCheckpoint(part, [mine])?.size ?? null)).toEqual([1_234, 2_000])
})

test('the key is written as tools for signed notes take it', () => {
  expect(noteVerifierKey('morphoscope/one', mine)).toMatch(/^morphoscope\/one\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/)
})
