import { expect, test } from 'vitest'
import { createNewestFirst, createRecentIds } from '../../../../../lib/compat/v2/recentIds.ts'
import { subjectOf } from '../../../../../lib/compat/v2/cutLayer.ts'
import { parseForeignTopic, toLayerId } from '../../../../../lib/compat/v2/foreignTopic.ts'

test('an id repeats within its source only; a busy source forgets its own oldest, not those of a quiet one', () => {
  const recent = createRecentIds()
  expect(recent.isRepeat('quiet', 'x')).toBe(false)
  for (let at = 0; at < 10_000; at++) expect(recent.isRepeat('busy', `b${at}`)).toBe(false)
  expect(recent.isRepeat('quiet', 'x')).toBe(true)
  expect(recent.isRepeat('busy', 'x')).toBe(false)
  expect(recent.isRepeat('busy', 'b9999')).toBe(true)
  expect(recent.isRepeat('busy', 'b0')).toBe(false)
})

test('the source heard longest ago is forgotten first', () => {
  const recent = createRecentIds()
  for (let at = 0; at < 4_097; at++) recent.isRepeat(`s${at}`, 'x')
  expect(recent.isRepeat('s4096', 'x')).toBe(true)
  expect(recent.isRepeat('s0', 'x')).toBe(false)
})

test('what is older by up to ten seconds was overtaken; older than that is a clock that was set back', () => {
  const newest = createNewestFirst()
  expect(newest.isOvertaken('k', 100)).toBe(false)
  expect(newest.isOvertaken('k', 99)).toBe(true)
  expect(newest.isOvertaken('k', 90)).toBe(true)
  expect(newest.isOvertaken('k', 100)).toBe(false)
  expect(newest.isOvertaken('k', 50)).toBe(false)
  expect(newest.isOvertaken('k', 51)).toBe(false)
})

test('a cut layer is found only when the metric spells a known one, the longest first', () => {
  const alert = { layer_id: 'layer', metric_name: 'layer_1_0_loss' }
  expect(subjectOf(alert, ['layer_1', 'other'])).toEqual({ layerId: 'layer_1', seedId: 0, metric: 'loss', cut: false })
  expect(subjectOf(alert, ['layer_1', 'layer_1_0'])).toMatchObject({
    layerId: 'layer_1_0',
    seedId: null,
    metric: 'loss',
  })
  expect(subjectOf(alert, [])).toEqual({ layerId: 'layer', seedId: null, metric: 'layer_1_0_loss', cut: true })
  expect(subjectOf({ layer_id: 'dense', seed_id: 4, metric_name: 'loss' }, [])).toMatchObject({ seedId: 4, cut: false })
})

test('topics are read with dotted layers and seeds; a reserved name is no layer', () => {
  expect(parseForeignTopic('morphogenetic.alert.layer.enc.0.seed.7')).toEqual({
    kind: 'alert',
    nativeLayer: 'enc.0',
    layer: 'enc:0',
    seed: 7,
  })
  expect(parseForeignTopic('morphogenetic.control.lifecycle.layer.a')).toMatchObject({ kind: 'command', layer: 'a' })
  expect(parseForeignTopic('morphogenetic.control.ack')).toMatchObject({ kind: 'ack', layer: null })
  expect(parseForeignTopic('morphogenetic.telemetry.batch')).toMatchObject({ kind: 'telemetry', layer: null })
  expect(toLayerId('__proto__')).toBeNull()
  expect(toLayerId('a b/c')).toBe('a_b_c')
})
