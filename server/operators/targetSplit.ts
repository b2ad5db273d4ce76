/*
 * targetSplit: the targets of a command for a person to review: how many change, how many do not and why, and the first wave.
 * In: resolved targets. Out: PreviewTargets; the sizes of the waves.
 * Invariant: counts add up to the total; samples are bounded, counts are not; the pass over the targets may pause.
 * Source: docs/commands.md "many seeds"; docs/ux.md "bulk".
 */
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import type { PreviewTargets, SeedRef } from '../../lib/contracts/commandPreview.ts'
import { ITEMS_PER_STEP } from '../state/inTurns.ts'
import type { ResolvedTargets, TargetFinding } from './commandTargets.ts'

const SAMPLE = 24
const MAX_GROUPS = 32
const BINS = 10
/** The first wave is one seed. */
const FIRST_WAVE = 1

/** Splits many into waves: one, then a twentieth, then the rest. */
export function waveSizes(total: number): number[] {
  if (total <= 0) return []
  const second = Math.min(Math.max(1, Math.ceil(total * COMMAND_LIMITS.waveRatio)), total - 1)
  return [1, second, total - 1 - second].filter((size) => size > 0)
}

const refOf = ({ target }: TargetFinding): SeedRef => ({
  layer_id: target.seed.layerId,
  seed_id: target.seed.seedId,
})

const count = <K>(counts: Map<K, number>, key: K): void => void counts.set(key, (counts.get(key) ?? 0) + 1)

interface Group {
  readonly text: string
  readonly code: string
  readonly sample: SeedRef[]
  count: number
}

/** Describes the targets, in one pass. */
export function* describingTargets({
  findings,
  layers,
  listHash,
  many,
}: ResolvedTargets): Generator<void, PreviewTargets, void> {
  const kinds = { changes: 0, unchanged: 0, illegal: 0, stale: 0 }
  const groups = new Map<string, Group>()
  const totals = new Map<string, number>()
  const changing = new Map<string, number>()
  const states = new Map<TargetFinding['target']['seed']['state'], number>()
  const views = new Map(layers.map((view) => [view.layerId, view]))
  const bins = Array.from({ length: BINS }, () => 0)
  let unmeasured = 0
  const firstWave: SeedRef[] = []

  const change = (finding: TargetFinding): void => {
    const { layerId, seedId } = finding.target.seed
    count(changing, layerId)
    if (firstWave.length < FIRST_WAVE) firstWave.push(refOf(finding))
    const health = views.get(layerId)?.metric('health_score', seedId) ?? null
    if (health === null) unmeasured++
    else bins[Math.min(BINS - 1, Math.max(0, Math.floor(health * BINS)))]!++
  }
  const leave = (finding: Exclude<TargetFinding, { kind: 'changes' }>): void => {
    const key = `${finding.kind} ${finding.text}`
    const group = groups.get(key) ?? { text: finding.text, code: finding.code, count: 0, sample: [] }
    group.count++
    if (group.sample.length < SAMPLE) group.sample.push(refOf(finding))
    groups.set(key, group)
  }

  for (const [at, finding] of findings.entries()) {
    kinds[finding.kind]++
    count(totals, finding.target.seed.layerId)
    count(states, finding.target.seed.state)
    if (finding.kind === 'changes') change(finding)
    else leave(finding)
    if (at % ITEMS_PER_STEP === ITEMS_PER_STEP - 1) yield
  }
  const waves = many ? waveSizes(kinds.changes) : []
  return {
    list_hash: listHash,
    total: findings.length,
    will_change: kinds.changes,
    unchanged: kinds.unchanged,
    illegal: kinds.illegal,
    stale: kinds.stale,
    groups: [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS),
    layers: [...totals].map(([layer_id, total]) => ({ layer_id, total, will_change: changing.get(layer_id) ?? 0 })),
    states: [...states].map(([state, seeds]) => ({ state, count: seeds })),
    health: kinds.changes === 0 ? null : { bins, unmeasured },
    first_wave: firstWave.slice(0, waves[0] ?? 0),
    waves,
  }
}
