import { expect, test } from 'vitest'
import fc from 'fast-check'
import { createSequenceGuard, type SequenceVerdict } from '../../../../lib/bus/sequenceGuard.ts'

/** The slow truth: keeps every number ever seen. */
function bruteForce() {
  const sources = new Map<string, { epoch: number; first: number; high: number; seen: Set<number> }>()
  const count = { lost: 0, duplicates: 0, late: 0, accepted: 0, oldEpochs: 0 }
  return {
    count,
    check(src: string, epoch: number, seq: number): SequenceVerdict['kind'] {
      const source = sources.get(src)
      if (!source || epoch > source.epoch) {
        sources.set(src, { epoch, first: seq, high: seq, seen: new Set([seq]) })
        count.accepted += 1
        return 'new-epoch'
      }
      if (epoch < source.epoch) {
        count.oldEpochs += 1
        return 'old-epoch'
      }
      if (source.seen.has(seq) || seq < source.first) {
        count.duplicates += 1
        return 'duplicate'
      }
      source.seen.add(seq)
      count.accepted += 1
      if (seq < source.high) {
        count.late += 1
        count.lost -= 1
        return 'late'
      }
      const missing = seq - source.high - 1
      source.high = seq
      count.lost += missing
      return missing === 0 ? 'in-order' : 'gap'
    },
  }
}

test('agrees with the brute-force truth under loss, duplication, reordering and restarts', () => {
  const step = fc.record({
    src: fc.constantFrom('a', 'b'),
    epoch: fc.integer({ min: 1, max: 3 }),
    seq: fc.integer({ min: 0, max: 40 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const guard = createSequenceGuard()
      const truth = bruteForce()
      for (const { src, epoch, seq } of steps)
        expect(guard.check(src, epoch, seq).kind).toBe(truth.check(src, epoch, seq))
      expect(guard.counters()).toMatchObject(truth.count)
    }),
    { numRuns: 500 },
  )
})

test('says how many are missing, and takes it back when they come late', () => {
  const guard = createSequenceGuard()
  guard.check('p', 1, 10)
  expect(guard.check('p', 1, 15)).toEqual({ kind: 'gap', missing: 4 })
  expect(guard.lostOf('p')).toBe(4)
  expect(guard.check('p', 1, 12).kind).toBe('late')
  expect(guard.check('p', 1, 12).kind).toBe('duplicate')
  expect(guard.lostOf('p')).toBe(3)
  expect(guard.counters()).toMatchObject({ lost: 3, gaps: 1, late: 1, duplicates: 1 })
})

test('a restart of the source is neither a gap nor a duplicate, and its old entries are never new', () => {
  const guard = createSequenceGuard()
  guard.check('p', 1, 500)
  expect(guard.check('p', 2, 0).kind).toBe('new-epoch')
  expect(guard.check('p', 2, 1).kind).toBe('in-order')
  expect(guard.check('p', 1, 501).kind).toBe('old-epoch')
  expect(guard.counters()).toMatchObject({ lost: 0, duplicates: 0, oldEpochs: 1 })
})

test('memory is bounded: the source unheard longest is forgotten, and the oldest hole', () => {
  const guard = createSequenceGuard({ maxSources: 3, maxHoles: 2 })
  for (const src of ['a', 'b', 'c', 'a', 'd']) guard.check(src, 1, 0)
  expect(guard.counters().sources).toBe(3)
  expect(guard.check('a', 1, 0).kind).toBe('duplicate')
  expect(guard.check('b', 1, 7).kind).toBe('new-epoch')
  for (const seq of [2, 4, 6]) guard.check('a', 1, seq)
  expect(guard.counters()).toMatchObject({ forgottenHoles: 1, lost: 3 })
  expect(guard.check('a', 1, 1).kind).toBe('duplicate')
  expect(guard.counters().lost).toBe(3)
})
