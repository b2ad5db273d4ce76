import { expect, test } from 'vitest'
import { writeNarrative, type NarrativeInput, type NarrativeLine } from '../../../../lib/live/narrative.ts'
import { givenDescriptor, givenEvaluation, givenTransition } from './liveFixture.ts'

const text = (line: NarrativeLine) => line.map((part) => part.text).join('')
const given = (change: Partial<NarrativeInput> = {}): NarrativeInput => ({
  freshness: 'fresh',
  ageMs: 100,
  nowMs: 1_700_000_010_000,
  descriptor: givenDescriptor({
    control_curve: [
      { step: 0, val_accuracy: 0.5, val_loss: null },
      { step: 200, val_accuracy: 0.7, val_loss: null },
    ],
  }),
  lastEvaluation: givenEvaluation(1, 100, 0.65),
  transitions: [],
  counts: { total: 12, live: 3, fossilized: 2 },
  liveSeeds: [],
  ...change,
})

test('NOW compares with the recorded control at the same step', () => {
  expect(text(writeNarrative(given()).now)).toBe(
    '65.0 % validation accuracy, 5.0 pp over the recorded run without growth. 3 of 12 seeds growing, 2 fossilised.',
  )
})

test('stale inputs make no claim about now or next', () => {
  const { now, next } = writeNarrative(given({ freshness: 'stale', ageMs: 12_000 }))
  expect(text(now)).toBe("I don't know: the newest value is 12 s old.")
  expect(text(next)).toBe(text(now))
  expect(text(writeNarrative(given({ freshness: 'never', ageMs: null })).now)).toContain('no telemetry has arrived yet')
})

test('WHY names the last planting or ending with its guard reading, and links the seed', () => {
  const { why } = writeNarrative(
    given({
      transitions: [
        givenTransition(1, { to_state: 'CULLED' }),
        givenTransition(2, {
          to_state: 'FOSSILIZED',
          seed_id: 1,
          reason: '',
          guard: { name: 'contribution', value: 0.016, threshold: 0.005, passed: true },
        }),
      ],
    }),
  )
  expect(text(why)).toContain('layer_0/1 (gated) fossilised by policy')
  expect(text(why)).toContain(': contribution 1.60 pp, needs 0.50 pp')
  expect(text(why)).toContain('1 of 2 ended lives kept')
  expect(why.find((part) => part.target?.kind === 'seed')?.target).toEqual({
    kind: 'seed',
    seed: { layerId: 'layer_0', seedId: 1 },
  })
})

test('NEXT puts the most advanced seed first and says what it is measured by', () => {
  const seed = { ticksInState: 4, alpha: 0.65, stability: 0.71, reconstruction: null, contribution: null }
  const { next } = writeNarrative(
    given({
      liveSeeds: [
        { ...seed, ref: { layerId: 'layer_0', seedId: 0 }, state: 'GRAFTING' },
        { ...seed, ref: { layerId: 'layer_1', seedId: 1 }, state: 'EVALUATING' },
      ],
    }),
  )
  expect(text(next)).toBe('layer_1/1 is being measured: stability 0.71. layer_0/0 is 65 % blended in.')
})

test('a run that reports no transitions is said to, not explained', () => {
  expect(text(writeNarrative(given({ descriptor: givenDescriptor({ origin: 'external' }) })).why)).toContain(
    "I don't know",
  )
})

test('once the recorded control has ended, NOW says where and with what', () => {
  expect(text(writeNarrative(given({ lastEvaluation: givenEvaluation(1, 500, 0.8) })).now)).toContain(
    'the recorded run without growth ended at step 200 with 70.0 %',
  )
})

test('a run that was announced but never reported has no age to speak of', () => {
  const { now } = writeNarrative(given({ freshness: 'never', ageMs: Number.POSITIVE_INFINITY }))
  expect(text(now)).toBe("I don't know: no telemetry has arrived yet.")
})
