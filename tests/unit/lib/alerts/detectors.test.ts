import { expect, test } from 'vitest'
import { createGradientDetector } from '../../../../lib/alerts/hostDetectors.ts'
import { createRunDetector, slope } from '../../../../lib/alerts/runDetectors.ts'
import { createSeedDetector, layerMedian } from '../../../../lib/alerts/seedDetectors.ts'
import type { SeedFinding } from '../../../../lib/alerts/seedFinding.ts'
import { SHIPPED_BY_ID, SHIPPED_RULES, completeDraft, describeRuleChange } from '../../../../lib/alerts/shippedRules.ts'
import { robustBaseline } from '../../../../lib/alerts/dormantDrift.ts'
import { DETECTORS } from '../../../../lib/contracts/alertDetectors.ts'
import { RuleDraft, type AlertRule } from '../../../../lib/contracts/alerts.ts'
import { SEED_STATE_ID } from '../../../../lib/contracts/lifecycleTable.ts'

const ruleOf = (id: string, params: Record<string, number> = {}): AlertRule => {
  const rule = SHIPPED_BY_ID.get(id)!
  return { ...rule, params: { ...rule.params, ...params } }
}

/** One layer whose columns are given tick by tick, by name. */
function layerOf(rule: AlertRule, rows: number) {
  const told: string[] = []
  const findings: SeedFinding[] = []
  const detector = createSeedDetector(rule, rows, (finding) => {
    findings.push(finding)
    told.push(`${finding.on} ${finding.row}${finding.level > 1 ? ' critical' : ''}`)
  })!
  const names: string[] = []
  let tick = 0
  return {
    detector,
    findings,
    told,
    take: () => told.splice(0),
    at(columns: Readonly<Record<string, number | readonly number[]>>, skip = 1): string[] {
      for (const name of Object.keys(columns)) if (!names.includes(name)) names.push(name)
      const seeds = new Float32Array(names.length * rows).fill(Number.NaN)
      for (const [name, value] of Object.entries(columns))
        for (let row = 0; row < rows; row++)
          seeds[names.indexOf(name) * rows + row] = typeof value === 'number' ? value : value[row]!
      tick += skip
      const offsetOf = (name: string) => (names.includes(name) ? names.indexOf(name) * rows : -1)
      detector.evaluate({ rows, seeds, offsetOf, tick })
      return told.splice(0)
    },
  }
}

test('every shipped rule has every number of its detector, within its bounds, and is a rule somebody could write', () => {
  for (const rule of SHIPPED_RULES) {
    expect(Object.keys(rule.params)).toEqual(DETECTORS[rule.detector].parameters.map(({ name }) => name))
    expect(RuleDraft.safeParse(rule).error, rule.id).toBeUndefined()
    expect(rule.runbook.length, rule.id).toBeGreaterThan(10)
  }
})

test('a dead chunk is raised at the third dead tick, and clears at the tenth that is less than half dead', () => {
  const layer = layerOf(ruleOf('dead_chunk'), 2)
  const dead = { dead_node_ratio: [1, 0.2] }
  expect([layer.at(dead), layer.at(dead), layer.at(dead)]).toEqual([[], [], ['raise 0']])
  expect(layer.findings[0]).toMatchObject({ metric: 'dead_node_ratio', value: 1, threshold: 1 })
  expect(layer.at({ dead_node_ratio: [0.7, 0.2] })).toEqual([])
  for (let tick = 0; tick < 9; tick++) expect(layer.at({ dead_node_ratio: [0.4, 0.2] })).toEqual([])
  expect(layer.at({ dead_node_ratio: [0.4, 0.2] })).toEqual(['clear 0'])
})

test('what was not measured is neither bad nor good: it raises nothing and clears nothing', () => {
  const layer = layerOf(ruleOf('dead_chunk'), 1)
  for (let tick = 0; tick < 3; tick++) layer.at({ dead_node_ratio: 1 })
  expect(layer.take()).toEqual([])
  for (let tick = 0; tick < 50; tick++) expect(layer.at({ dead_node_ratio: Number.NaN })).toEqual([])
  const other = layerOf(ruleOf('dead_chunk'), 1)
  for (const value of [1, 1, Number.NaN, 1, 1]) expect(other.at({ dead_node_ratio: value })).toEqual([])
})

test('gradient flow is judged against the median of its layer, whatever that is', () => {
  const layer = layerOf(ruleOf('vanishing_flow'), 5)
  const low = { flow_grad_norm: [0.0001, 0.05, 0.06, 0.07, 0.08] }
  for (let tick = 0; tick < 9; tick++) expect(layer.at(low)).toEqual([])
  expect(layer.at(low)).toEqual(['raise 0'])
  expect(layer.at({ flow_grad_norm: [0.002, 0.05, 0.06, 0.07, 0.08] })).toEqual([])
  expect(layer.at({ flow_grad_norm: [0.004, 0.05, 0.06, 0.07, 0.08] })).toEqual(['clear 0'])
  // Everything small together is no seed's fault.
  for (let tick = 0; tick < 20; tick++) expect(layer.at({ flow_grad_norm: 1e-9 })).toEqual([])
})

test('stuck is twice the usual time, critical is four times, and leaving the state clears it', () => {
  const layer = layerOf(ruleOf('stuck_in_state'), 1)
  const grafting = (ticks: number) => ({ state: SEED_STATE_ID.GRAFTING, ticks_in_state: ticks })
  expect(layer.at(grafting(40))).toEqual([])
  expect(layer.at(grafting(41))).toEqual(['raise 0'])
  expect(layer.at(grafting(81))).toEqual(['raise 0 critical'])
  expect(layer.at({ state: SEED_STATE_ID.ROLLED_BACK, ticks_in_state: 0 })).toEqual(['clear 0'])
  expect(layer.at({ state: SEED_STATE_ID.DORMANT, ticks_in_state: 4_000 })).toEqual([])
})

test('alpha may climb its ramp and fall at the end of a life; a forced edge that makes it jump is told', () => {
  const layer = layerOf(ruleOf('alpha_jump'), 1)
  const seed = (state: keyof typeof SEED_STATE_ID, alpha: number, skip?: number) =>
    layer.at({ state: SEED_STATE_ID[state], alpha }, skip)
  expect(seed('GRAFTING', 0)).toEqual([])
  expect(seed('GRAFTING', 1)).toEqual([])
  expect(seed('ROLLED_BACK', 0)).toEqual([])
  expect(seed('GRAFTING', 0.1)).toEqual([])
  expect(seed('STABILIZATION', 1)).toEqual(['raise 0'])
  for (let tick = 0; tick < 19; tick++) expect(seed('STABILIZATION', 1)).toEqual([])
  expect(seed('STABILIZATION', 1)).toEqual(['clear 0'])
  // Over a hole in the ticks nobody can tell.
  expect(seed('TRAINING', 0, 5)).toEqual([])
})

test('a dormant chunk is judged by its own first ticks, by deviations that a few wild ones do not widen', () => {
  const layer = layerOf(ruleOf('dormant_drift', { baseline_ticks: 64, raise_ticks: 3 }), 1)
  const dormant = (variance: number) =>
    layer.at({ state: SEED_STATE_ID.DORMANT, chunk_variance: variance, avg_inter_node_correlation: 0.2 })
  for (let tick = 0; tick < 80; tick++) expect(dormant(5 + (tick % 3) * 0.1 + (tick === 30 ? 90 : 0))).toEqual([])
  expect([dormant(9), dormant(9), dormant(9)]).toEqual([[], [], ['raise 0']])
  expect(layer.findings[0]!.text).toContain('chunk_variance')
  expect(dormant(6.2)).toEqual([])
  expect(dormant(5.1)).toEqual(['clear 0'])
  for (let tick = 0; tick < 3; tick++) dormant(20)
  expect(layer.at({ state: SEED_STATE_ID.GERMINATED, chunk_variance: 20, avg_inter_node_correlation: 0.2 })).toEqual([
    'clear 0',
  ])
  expect(robustBaseline(Float32Array.from([1, 1, 1, 1, 100])).centre).toBe(1)
})

test('ransomware counts readings, not the ticks that repeat them, and ends with the life', () => {
  const layer = layerOf(ruleOf('ransomware'), 1)
  const read = (contribution: number, total: number) =>
    layer.at({ state: SEED_STATE_ID.FINE_TUNING, performance_delta: contribution, total_improvement: total })
  for (let tick = 0; tick < 10; tick++) expect(read(0.02, -0.1)).toEqual([])
  expect(read(0.03, -0.1)).toEqual(['raise 0'])
  expect(read(0.03, 0.01)).toEqual(['clear 0'])
  read(0.04, -0.1)
  expect(read(0.05, -0.1)).toEqual(['raise 0'])
  // A few of 2,000 samples more or less are the noise of the reading.
  expect(read(0.03, 0.01)).toEqual(['clear 0'])
  for (const few of [0.001, 0.0015, 0.004, 0.0045]) expect(read(few, -0.1)).toEqual([])
  expect(read(0.02, -0.1)).toEqual([])
  expect(read(0.03, -0.1)).toEqual(['raise 0'])
  const ended = { state: SEED_STATE_ID.CULLED, performance_delta: Number.NaN, total_improvement: Number.NaN }
  expect(layer.at(ended)).toEqual(['clear 0'])
})

test('a rule of one metric takes its thresholds, its direction and its patience from its numbers', () => {
  const params = { raise: 0.5, clear: 0.6, above: 0, raise_ticks: 2, clear_ticks: 1 }
  const rule = { ...ruleOf('dead_chunk'), detector: 'metric' as const, metric: 'health_score', params }
  const layer = layerOf(rule, 1)
  expect([layer.at({ health_score: 0.4 }), layer.at({ health_score: 0.5 })]).toEqual([[], ['raise 0']])
  expect([layer.at({ health_score: 0.55 }), layer.at({ health_score: 0.61 })]).toEqual([[], ['clear 0']])
})

test('a detector goes on with what was raised before it began', () => {
  const layer = layerOf(ruleOf('dead_chunk'), 2)
  layer.detector.adopt(1, 1)
  for (let tick = 0; tick < 9; tick++) expect(layer.at({ dead_node_ratio: 0 })).toEqual([])
  expect(layer.at({ dead_node_ratio: 0 })).toEqual(['clear 1'])
})

test('the median of a large layer is taken of evenly spread seeds, measured ones only', () => {
  const values = Float32Array.from({ length: 10_000 }, (_, row) => (row % 2 === 0 ? Number.NaN : row))
  const median = layerMedian(values, 0, 10_000, new Float32Array(1_025))
  expect(Math.abs(median - 5_000)).toBeLessThan(60)
  expect(layerMedian(new Float32Array(4).fill(Number.NaN), 0, 4, new Float32Array(5))).toBeNaN()
})

test('gradients explode against their own last hundred ticks, or when most steps are clipped', () => {
  const detector = createGradientDetector(ruleOf('gradient_explosion'))
  for (let tick = 0; tick < 30; tick++) expect(detector.evaluate(1 + (tick % 3) * 0.1, 0.1)).toBeNull()
  expect(detector.evaluate(40, 0.1)).toMatchObject({ on: 'raise', value: 40 })
  for (let tick = 0; tick < 9; tick++) expect(detector.evaluate(1.1, 0.1)).toBeNull()
  expect(detector.evaluate(1.1, 0.1)).toMatchObject({ on: 'clear' })
  expect(detector.evaluate(1.1, 0.6)).toMatchObject({ on: 'raise', text: '60 % of the steps of a tick were clipped.' })
  expect(createGradientDetector(ruleOf('gradient_explosion')).evaluate(500, 0)).toBeNull()
})

const readings = (losses: readonly number[]) => {
  const detector = createRunDetector(ruleOf('loss_degradation'))!
  return losses.map((valLoss) => {
    detector.onEvaluation!({ valLoss, valAccuracy: null, trainAccuracy: null })
    return detector.holds.get('')?.level ?? 0
  })
}

test('loss is judged against its best, for three evaluations, and forgiven after three good ones', () => {
  expect(readings([1, 1.2, 1.2, 1.2, 1.1, 1.04, 1.04, 1.04])).toEqual([0, 0, 0, 1, 1, 1, 1, 0])
  expect(readings([1, 1.6, 1.6, 1.6])).toEqual([0, 0, 0, 2])
  expect(readings([1, 1.2, 1.2, 1, 1.2])).toEqual([0, 0, 0, 0, 0])
})

test('overfitting is a gap that is wide and still growing', () => {
  const detector = createRunDetector(ruleOf('overfit_gap'))!
  const at = (gap: number) => {
    detector.onEvaluation!({ valLoss: null, valAccuracy: 0.9 - gap, trainAccuracy: 0.9 })
    return detector.holds.has('')
  }
  for (let n = 0; n < 9; n++) expect(at(0.06 + n * 0.001)).toBe(false)
  expect(at(0.07)).toBe(true)
  expect(at(0.045)).toBe(true)
  expect(at(0.03)).toBe(false)
  expect(slope([3, 2, 1])).toBeLessThan(0)
})

test('a storm of culls needs many, and most of what ended; it passes with its window', () => {
  const detector = createRunDetector(ruleOf('cull_storm'))!
  const end = (tick: number, outcome: 'CULLED' | 'FOSSILIZED') => {
    detector.onLifeEnd!({ tick, outcome, blueprintId: 'mlp' })
    return detector.holds.has('')
  }
  for (let n = 0; n < 5; n++) expect(end(n, 'CULLED')).toBe(false)
  expect(end(6, 'CULLED')).toBe(true)
  detector.onTick!(120, { seeds: 0, fossilised: 0 })
  expect(detector.holds.has('')).toBe(false)
  for (let n = 200; n < 206; n++) end(n, 'CULLED')
  const mixed = createRunDetector(ruleOf('cull_storm'))!
  for (let n = 0; n < 12; n++)
    mixed.onLifeEnd!({ tick: n, outcome: n % 2 ? 'CULLED' : 'FOSSILIZED', blueprintId: null })
  expect(mixed.holds.has('')).toBe(false)
})

test('a blueprint fails after three tries without a fossil, and one fossil absolves it', () => {
  const detector = createRunDetector(ruleOf('blueprint_failing'))!
  const end = (blueprintId: string, outcome: 'CULLED' | 'FOSSILIZED' | 'ROLLED_BACK') =>
    detector.onLifeEnd!({ tick: 1, outcome, blueprintId })
  for (let n = 0; n < 3; n++) end('gated', 'CULLED')
  end('mlp', 'CULLED')
  // A governor that restored ends lives that did nothing wrong.
  for (let n = 0; n < 3; n++) end('affine', 'ROLLED_BACK')
  expect([...detector.holds.keys()]).toEqual(['gated'])
  end('gated', 'FOSSILIZED')
  expect(detector.holds.size).toBe(0)
})

test('saturated is nearly everything fossilised, or ten lives in a row for nothing', () => {
  const detector = createRunDetector(ruleOf('saturation'))!
  detector.onTick!(1, { seeds: 10, fossilised: 9 })
  expect(detector.holds.get('')?.text).toBe('9 of 10 seeds are fossilised.')
  detector.onTick!(2, { seeds: 100, fossilised: 9 })
  expect(detector.holds.size).toBe(0)
  for (let n = 0; n < 10; n++) detector.onLifeEnd!({ tick: n, outcome: 'ROLLED_BACK', blueprintId: null })
  expect(detector.holds.size).toBe(0)
  for (let n = 0; n < 10; n++) detector.onLifeEnd!({ tick: n, outcome: 'CULLED', blueprintId: null })
  expect(detector.holds.size).toBe(1)
  detector.onLifeEnd!({ tick: 11, outcome: 'FOSSILIZED', blueprintId: null })
  expect(detector.holds.size).toBe(0)
})

test('a snapshot grows old in ticks, a refused checkpoint is critical, a new one settles both', () => {
  const detector = createRunDetector(ruleOf('no_checkpoint'))!
  const at = (tick: number) => {
    detector.onTick!(tick, { seeds: 1, fossilised: 0 })
    return detector.holds.get('')?.level ?? 0
  }
  expect([at(10), at(110), at(111)]).toEqual([0, 0, 1])
  detector.onSnapshot!(111)
  expect(at(112)).toBe(0)
  detector.onRestoreRefused!('there is no checkpoint cp-9')
  expect(at(113)).toBe(2)
  detector.onSnapshot!(114)
  expect(at(115)).toBe(0)
})

test('what changed in a rule is said in words', () => {
  const rule = ruleOf('dead_chunk')
  const draft = completeDraft(RuleDraft.parse({ ...rule, params: { ...rule.params, raise_ticks: 5 }, enabled: false }))
  expect(describeRuleChange(rule, draft)).toBe('raise_ticks 3 to 5; enabled true to false')
  expect(describeRuleChange(rule, rule)).toBe('nothing')
})
