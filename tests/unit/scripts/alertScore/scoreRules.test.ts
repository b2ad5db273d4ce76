import { expect, test } from 'vitest'
import { scoreRule, scoreTable, type ScoredRun } from '../../../../scripts/alertScore/scoreRules.ts'

const run = (more: Partial<ScoredRun> = {}): ScoredRun => ({ must: [], may: [], faultMs: null, raises: [], ...more })
const at = (rule: string, atMs: number) => ({ rule, atMs })

test('runs are counted, not raises: found, missed, wrong, rightly quiet', () => {
  const runs = [
    run({ must: ['a'], faultMs: 1_000, raises: [at('a', 3_000), at('a', 9_000)] }),
    run({ must: ['a'], faultMs: 1_000, raises: [at('a', 2_000)] }),
    run({ must: ['a'], faultMs: 1_000 }),
    run({ raises: [at('a', 5), at('a', 6)] }),
    run(),
  ]
  expect(scoreRule('a', runs)).toEqual({
    rule: 'a',
    truePositives: 2,
    falsePositives: 1,
    falseNegatives: 1,
    trueNegatives: 1,
    accepted: 0,
    precision: 2 / 3,
    recall: 2 / 3,
    delayMs: 1_500,
  })
})

test('what follows from a fault is neither right nor wrong; what was raised before it is wrong, whatever the fault', () => {
  const follows = run({ must: ['a'], may: ['b'], faultMs: 100, raises: [at('a', 200), at('b', 300)] })
  expect(scoreRule('b', [follows])).toMatchObject({ accepted: 1, falsePositives: 0, trueNegatives: 0 })
  const early = run({ must: ['a'], may: ['b'], faultMs: 100, raises: [at('a', 50), at('b', 50), at('a', 150)] })
  expect(scoreRule('a', [early])).toMatchObject({ truePositives: 1, falsePositives: 1, delayMs: 50 })
  expect(scoreRule('b', [early])).toMatchObject({ falsePositives: 1, accepted: 0 })
  expect(scoreRule('c', [run({ must: ['a'], faultMs: 1, raises: [at('c', 2)] })])).toMatchObject({ falsePositives: 1 })
})

test('what never had to be raised has no recall, what never was raised no precision: said, never 0 or 1', () => {
  const score = scoreRule('a', [run(), run()])
  expect(score).toMatchObject({ precision: null, recall: null, delayMs: null, trueNegatives: 2 })
  const lines = scoreTable([score, scoreRule('b', [run({ must: ['b'], faultMs: 0, raises: [at('b', 2_000)] })])])
  expect(lines[2]).toBe('| `a` | 0 | 0 | 0 | 2 | 0 | no case | no case | no case |')
  expect(lines[3]).toBe('| `b` | 1 | 0 | 0 | 0 | 0 | 1.00 | 1.00 | 2.0 s |')
  expect(lines.at(-1)).toBe('| all | 1 | 0 | 0 | 2 | 0 | 1.00 | 1.00 |  |')
})
