/*
 * targetSplit: the targets of a command for a person to review: how many change, how many do not and why, and the first wave.
 * In: resolved targets. Out: PreviewTargets; the sizes of the waves.
 * Invariant: counts add up to the total; samples are bounded, counts are not.
 * Source: docs/commands.md "many seeds"; docs/ux.md "bulk".
 */
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import type { PreviewTargets, SeedRef } from '../../lib/contracts/commandPreview.ts'
import type { ResolvedTargets, TargetFinding } from './commandTargets.ts'

const SAMPLE = 24
const MAX_GROUPS = 32
const BINS = 10

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

function countBy<K>(keys: Iterable<K>): Map<K, number> {
  const counts = new Map<K, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

/** Describes the targets. */
export function describeTargets({ findings, layers, listHash, many }: ResolvedTargets): PreviewTargets {
  const changes = findings.filter((finding) => finding.kind === 'changes')
  const of = (kind: TargetFinding['kind']) => findings.filter((finding) => finding.kind === kind).length
  const groups = new Map<string, { text: string; code: string; count: number; sample: SeedRef[] }>()
  for (const finding of findings) {
    if (finding.kind === 'changes') continue
    const key = `${finding.kind} ${finding.text}`
    const group = groups.get(key) ?? { text: finding.text, code: finding.code, count: 0, sample: [] }
    group.count++
    if (group.sample.length < SAMPLE) group.sample.push(refOf(finding))
    groups.set(key, group)
  }
  const totals = countBy(findings.map(({ target }) => target.seed.layerId))
  const changing = countBy(changes.map(({ target }) => target.seed.layerId))
  const views = new Map(layers.map((view) => [view.layerId, view]))
  const health = changes.map(
    ({ target }) => views.get(target.seed.layerId)?.metric('health_score', target.seed.seedId) ?? null,
  )
  const bins = Array.from({ length: BINS }, () => 0)
  for (const value of health) if (value !== null) bins[Math.min(BINS - 1, Math.max(0, Math.floor(value * BINS)))]!++
  const waves = many ? waveSizes(changes.length) : []
  return {
    list_hash: listHash,
    total: findings.length,
    will_change: changes.length,
    unchanged: of('unchanged'),
    illegal: of('illegal'),
    stale: of('stale'),
    groups: [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS),
    layers: [...totals].map(([layer_id, total]) => ({ layer_id, total, will_change: changing.get(layer_id) ?? 0 })),
    states: [...countBy(findings.map(({ target }) => target.seed.state))].map(([state, count]) => ({ state, count })),
    health: changes.length === 0 ? null : { bins, unmeasured: health.filter((value) => value === null).length },
    first_wave: changes.slice(0, waves[0] ?? 0).map(refOf),
    waves,
  }
}
