import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createAuditWatch, type WatchState } from '../../../../server/audit/auditWatch.ts'
import type { LogReader } from '../../../../server/audit/logReader.ts'
import { leafHash } from '../../../../lib/audit/merkle.ts'
import { openCheckpoint } from '../../../../lib/audit/checkpoint.ts'
import type { Clock } from '../../../../lib/primitives/clock.ts'
import { makeTrail, newSigner, type SignedEntry } from '../../../support/auditTrail.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const signer = newSigner()
const SIZE = 1_200
const { entries, notes } = makeTrail(signer, SIZE, 100)
const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-watch-'))
afterEach(() => rmSync(path.join(folder, 'checkpoints.txt'), { force: true }))

/** A log in memory that a test may change. */
function world(list: readonly SignedEntry[], kept: readonly string[]) {
  const log = { entries: [...list], notes: [...kept] }
  const reader: LogReader = {
    entries: (after, limit) =>
      Promise.resolve(
        log.entries
          .slice(after + 1, after + 1 + limit)
          .map(({ bytes, signature }, at) => ({ seq: after + 1 + at, bytes, sig: signature })),
      ),
    notes: (size, limit) =>
      Promise.resolve(
        log.notes
          .map((note) => ({ size: openCheckpoint(note, [signer])?.size ?? 1, note }))
          .filter((note) => note.size > size)
          .slice(0, limit),
      ),
    hashes: (from, to) => Promise.resolve(log.entries.slice(from, to).map(({ bytes }) => leafHash(bytes))),
    close: () => Promise.resolve(),
  }
  const manual = createManualClock()
  // Rests pass at once: what is tested is what it finds, not how long it rests.
  const clock: Clock = { ...manual, sleep: () => Promise.resolve() }
  const states: WatchState[] = []
  const watch = createAuditWatch({
    reader,
    publicKeyPem: signer.publicKeyPem,
    anchorFile: path.join(folder, 'checkpoints.txt'),
    clock,
    onState: (state) => void states.push(state),
  })
  return { log, watch, states }
}

test('a log that holds is verified to its end, with what no checkpoint covers counted, and each of its entries is proved', async () => {
  writeFileSync(
    path.join(folder, 'checkpoints.txt'),
    notes
      .slice(0, 5)
      .map((note) => `\n${note}\n`)
      .join(''),
  )
  const { watch, states } = world(entries.slice(0, 1_150), notes.slice(0, 11))
  expect(watch.state().state).toBe('never')
  await watch.look(true)
  expect(watch.state()).toMatchObject({
    state: 'verified',
    running: false,
    verified: 1_150,
    exposed: 50,
    firstBad: null,
    anchored: { size: 500 },
    wholePass: { entries: 1_150 },
  })
  expect(states.some(({ running, verified }) => running && verified > 0 && verified < 1_150)).toBe(true)
  const proof = await watch.prove(777, null)
  expect(proof).toMatchObject({ size: 1_100, holds: true })
  expect(await watch.prove(1_149, null)).toBeNull()
  expect(await watch.prove(3, { size: 400, note: notes[3]! })).toMatchObject({ size: 400, holds: true })
})

test('what comes later is added to what was looked at, and its checkpoints cover what was held before', async () => {
  const { log, watch } = world(entries.slice(0, 1_050), notes.slice(0, 10))
  await watch.look(true)
  expect(watch.state()).toMatchObject({ verified: 1_050, exposed: 50 })
  log.entries = [...entries]
  log.notes = [...notes]
  await watch.look(false)
  expect(watch.state()).toMatchObject({ state: 'verified', verified: SIZE, exposed: 0, wholePass: { entries: 1_050 } })
})

test('an entry that is changed after it was looked at is found by the next whole pass, and stays told until one holds', async () => {
  const { log, watch } = world(entries, notes)
  await watch.look(true)
  const { bytes, signature } = entries[333]!
  log.entries[333] = { bytes: Buffer.from(bytes.toString('utf8').replace('because', 'becausE')), signature }
  await watch.look(false)
  expect(watch.state().state).toBe('verified')
  await watch.look(true)
  expect(watch.state()).toMatchObject({ state: 'broken', firstBad: { seq: 333, kind: 'changed' } })
  expect(await watch.prove(5, null)).toBeNull()
  log.entries[333] = entries[333]!
  await watch.look(true)
  expect(watch.state()).toMatchObject({ state: 'verified', firstBad: null })
})

test('a tail that was cut off together with its checkpoints in the database is named by the second file', async () => {
  writeFileSync(path.join(folder, 'checkpoints.txt'), notes.map((note) => `\n${note}\n`).join(''))
  const { watch } = world(entries.slice(0, 1_190), notes.slice(0, 11))
  await watch.look(true)
  expect(watch.state()).toMatchObject({ state: 'broken', firstBad: { seq: 1_190, kind: 'missing' } })
})

test('a log that can not be read is a problem with words, not a verdict', async () => {
  const { log, watch } = world(entries, notes)
  await watch.look(true)
  Object.defineProperty(log, 'entries', {
    get: () => {
      throw new Error('the disk is gone')
    },
  })
  await watch.look(false)
  expect(watch.state()).toMatchObject({
    state: 'verified',
    running: false,
    problems: [expect.stringContaining('the disk is gone')],
  })
})

test('an empty log holds', async () => {
  const { watch } = world([], [])
  await watch.look(true)
  expect(watch.state()).toMatchObject({ state: 'verified', verified: 0 })
})
