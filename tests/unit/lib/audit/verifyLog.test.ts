import { expect, test } from 'vitest'
import { signCheckpoint } from '../../../../lib/audit/checkpoint.ts'
import { decodeEntry } from '../../../../lib/audit/entry.ts'
import { parseExportLine, toExportLine } from '../../../../lib/audit/exportLine.ts'
import { createLogVerifier, type Verdict } from '../../../../lib/audit/verifyLog.ts'
import { entryOf, hashOf, makeTrail, newSigner, rechain, sign, type SignedEntry } from '../../../support/auditTrail.ts'

const SIZE = 200
const EVERY = 20
/** More of them: AUDIT_TAMPERS=10000 npm run check. */
const TAMPERS = Number(process.env['AUDIT_TAMPERS'] ?? 1_000)

const mine = newSigner()
const thief = newSigner()
const { entries, notes } = makeTrail(mine, SIZE, EVERY)

function judge(list: readonly SignedEntry[], kept: readonly string[] = notes): Verdict {
  const verifier = createLogVerifier({ keys: [mine], notes: kept })
  for (const { bytes, signature } of list) verifier.add(bytes, signature)
  return verifier.finish()
}

/** The same numbers in every run; a failure names its own. */
function createDice(seed: number) {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Tamper = (at: number, dice: (below: number) => number) => { list: SignedEntry[]; first: number | [number, number] }

const FIELDS = ['actor_id', 'action', 'object_id', 'reason_text', 'command_id'] as const
const edited = (at: number, dice: (below: number) => number): SignedEntry[] => {
  const { bytes, signature } = entries[at]!
  const field = FIELDS[dice(FIELDS.length)]!
  const text = bytes.toString('utf8').replace(new RegExp(`"${field}":"[^"]*"`), `"${field}":"somebody else ${dice(9)}"`)
  return entries.with(at, { bytes: Buffer.from(text), signature })
}
const forged = (at: number) =>
  sign(thief, entryOf(at, at === 0 ? '0'.repeat(64) : hashOf(entries[at - 1]!), { actor_id: 'eve' }))

const TAMPER_KINDS: Readonly<Record<string, Tamper>> = {
  'a field is edited': (at, dice) => ({ list: edited(at, dice), first: at }),
  'a bit is flipped': (at, dice) => {
    const bytes = Buffer.from(entries[at]!.bytes)
    bytes[dice(bytes.length)]! ^= 1 << dice(8)
    return { list: entries.with(at, { ...entries[at]!, bytes }), first: at }
  },
  'a field is edited and the whole tail computed anew': (at, dice) => ({
    list: rechain(edited(at, dice), at, null),
    first: at,
  }),
  'an entry is deleted': (at) => ({ list: entries.toSpliced(at, 1), first: at }),
  'an entry is deleted and the rest numbered and chained anew': (at) => ({
    list: rechain(entries.toSpliced(at, 1), at, null),
    first: at,
  }),
  'two neighbours are swapped': (at) => {
    const here = Math.min(at, SIZE - 2)
    return { list: entries.with(here, entries[here + 1]!).with(here + 1, entries[here]!), first: here }
  },
  'an entry is there twice': (at) => ({ list: entries.toSpliced(at, 0, entries[at]!), first: at + 1 }),
  'the tail is cut off': (at) => ({ list: entries.slice(0, at), first: at }),
  'an entry of another key is put between, the rest numbered anew': (at) => ({
    list: rechain(entries.toSpliced(at, 0, forged(at)), at + 1, null),
    first: at,
  }),
  'entries of another key are put at the end': (_at, dice) => {
    const more = entries.slice()
    for (let n = 0; n <= dice(3); n++) more.push(sign(thief, entryOf(more.length, hashOf(more.at(-1)!))))
    return { list: more, first: SIZE }
  },
  'an older state was put back, and the product went on writing with its own key': (at) => {
    const here = Math.max(1, Math.min(at, SIZE - EVERY - 1))
    const list = entries.slice(0, here)
    while (list.length < SIZE)
      list.push(
        sign(
          mine,
          entryOf(list.length, hashOf(list.at(-1)!), {
            writer_id: 'w2',
            writer_epoch: 2,
            writer_seq: list.length - here,
          }),
        ),
      )
    // Every signature is right: the roots tell between which two checkpoints it was.
    return { list, first: [Math.floor(here / EVERY) * EVERY, here] }
  },
}

test('a log that nobody touched is right, and what no checkpoint covers is said', () => {
  expect(judge(entries)).toMatchObject({ outcome: 'ok', entries: SIZE, firstBad: null, checkpoints: 10, exposed: 0 })
  const more = [...entries, sign(mine, entryOf(SIZE, hashOf(entries.at(-1)!)))]
  expect(judge(more)).toMatchObject({ outcome: 'ok', exposed: 1 })
})

test('a log of several writers is right when their epochs grow', () => {
  const list = entries.slice()
  for (const epoch of [2, 5])
    for (let at = 0; at < 3; at++)
      list.push(
        sign(
          mine,
          entryOf(list.length, hashOf(list.at(-1)!), { writer_id: `w${epoch}`, writer_epoch: epoch, writer_seq: at }),
        ),
      )
  expect(judge(list)).toMatchObject({ outcome: 'ok', exposed: 6 })
  const stale = sign(
    mine,
    entryOf(list.length, hashOf(list.at(-1)!), { writer_id: 'w2', writer_epoch: 2, writer_seq: 3 }),
  )
  expect(judge([...list, stale]).firstBad).toMatchObject({ seq: list.length, kind: 'writer' })
  const hole = sign(
    mine,
    entryOf(list.length, hashOf(list.at(-1)!), { writer_id: 'w5', writer_epoch: 5, writer_seq: 4 }),
  )
  expect(judge([...list, hole]).firstBad).toMatchObject({ seq: list.length, kind: 'writer' })
})

test(`${TAMPERS} tampers of ${Object.keys(TAMPER_KINDS).length} kinds are all found, at the first wrong entry`, () => {
  const dice = createDice(20_261)
  const missed: string[] = []
  const kinds = Object.entries(TAMPER_KINDS)
  for (let n = 0; n < TAMPERS; n++) {
    const [kind, tamper] = kinds[n % kinds.length]!
    const at = dice(SIZE)
    const { list, first } = tamper(at, dice)
    const { outcome, firstBad } = judge(list)
    const [least, most] = typeof first === 'number' ? [first, first] : first
    if (outcome !== 'tampered' || firstBad === null || firstBad.seq < least || firstBad.seq > most)
      missed.push(`${n}: ${kind} at ${at}: ${outcome} ${JSON.stringify(firstBad)}`)
  }
  expect(missed).toEqual([])
}, 600_000)

test('two signed roots of one size are two histories', () => {
  const other = makeTrail(mine, EVERY, EVERY).entries
  const turned = rechain(other.with(0, sign(mine, { ...decodeEntry(other[0]!.bytes)!, actor_id: 'another' })), 1, mine)
  const verifier = createLogVerifier({ keys: [mine], notes: [] })
  for (const { bytes, signature } of turned) verifier.add(bytes, signature)
  const { rootHex } = verifier.finish()
  const second = makeNote(rootHex)
  expect(judge(entries, [second, ...notes])).toMatchObject({ outcome: 'tampered', firstBad: { kind: 'two histories' } })
})

const makeNote = (rootHex: string): string =>
  signCheckpoint({ origin: 'morphoscope/log-of-a-test', size: EVERY, rootHex }, mine)

test('without a checkpoint or a key the evidence is not whole, and says what is missing', () => {
  expect(judge(entries, [])).toMatchObject({ outcome: 'incomplete', firstBad: null })
  const verifier = createLogVerifier({ keys: [], notes })
  expect(verifier.finish().missing.join()).toContain('no public key')
  const strange = makeTrail(thief, EVERY, EVERY).notes
  expect(judge(entries, [...notes, ...strange])).toMatchObject({ outcome: 'ok', unsignedNotes: 1 })
})

test('an export line gives back the same bytes, and has one written form', () => {
  const { bytes, signature } = entries[7]!
  const line = toExportLine(bytes, signature)
  expect(parseExportLine(line)).toEqual({ bytes, signature })
  for (const broken of ['', '{}', '[]', 'null', line.slice(1), line.replace('=="', '"'), '{"entry":1,"sig":""}'])
    expect(parseExportLine(broken)).toBeNull()
})
