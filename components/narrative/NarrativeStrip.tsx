/*
 * Narrative strip: NOW, WHY, NEXT; each clause with evidence is a button that leads to it.
 * In: store, ages. Out: three lines, written at most once a second.
 * Invariant: the words come from rules (lib/live/narrative.ts); this file only gathers their inputs.
 * Source: features H14.
 */
'use client'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES, isLiveState } from '../../lib/contracts/lifecycleTable.ts'
import { SPARKLINE_SEEDS, totalSeeds } from '../../lib/live/liveStore.ts'
import { writeNarrative, type LiveSeed, type NarrativeLine, type NarrativeTarget } from '../../lib/live/narrative.ts'
import { summarizeAges } from '../../lib/live/staleness.ts'
import { buildScene } from '../heatmap/buildScene.ts'
import { columnOf, type HeatmapScene } from '../heatmap/heatmapScene.ts'
import { countStates } from '../lifecycle/countStates.ts'
import { layerAges } from '../live/layerAges.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic, usePageState, useTickKey } from '../live/useLiveTopic.ts'

const liveSeeds = (scene: HeatmapScene): readonly LiveSeed[] =>
  scene.layers.flatMap((layer) =>
    Array.from({ length: layer.mirror.rows }, (_, row): LiveSeed | null => {
      const state: SeedState | undefined = SEED_STATES[layer.mirror.state[row] ?? 255]
      if (!state || !isLiveState(state)) return null
      const read = (name: string) => columnOf(scene, layer, row, name)
      return {
        ref: { layerId: layer.layerId, seedId: row },
        state,
        ticksInState: read('ticks_in_state'),
        alpha: read('alpha'),
        stability: read('stability_score'),
        reconstruction: read('reconstruction_loss'),
        contribution: read('performance_delta'),
      }
    }).filter((seed) => seed !== null),
  )

export function NarrativeStrip() {
  const { session, page } = useLive()
  const pageState = usePageState()
  useLiveTopic(['frames', 'status', 'records', 'pause'], 1_000)
  // Nothing arrives when nothing works: the words must turn to "I don't know" by time alone.
  useTickKey(() => {
    const { worst, worstAgeMs } = summarizeAges(layerAges(session))
    return worst === 'fresh' ? worst : `${worst} ${Math.floor((worstAgeMs ?? 0) / 1_000)}`
  })
  const run = session.store.run()
  const scene = buildScene(session, pageState, { cursor: null, hover: null })
  if (!run || !scene) return null
  const ages = scene.layers.map((layer) => layer.age)
  const { worst, worstAgeMs } = summarizeAges(session.store.pause ? ages : layerAges(session))
  const small = totalSeeds(run) <= SPARKLINE_SEEDS
  const counts = countStates(scene.layers.map((layer) => layer.mirror))
  const text = writeNarrative({
    freshness: worst,
    ageMs: worstAgeMs,
    nowMs: scene.nowMs,
    descriptor: run.descriptor,
    lastEvaluation: run.curve.at(-1) ?? null,
    transitions: session.store.events().filter((record) => record.kind === 'transition'),
    counts:
      counts.reported === 0 ? null : { total: counts.total, live: counts.live, fossilized: counts.byState[7] ?? 0 },
    liveSeeds: small ? liveSeeds(scene) : [],
  })
  const follow = (target: NarrativeTarget): void => {
    if (target.kind === 'seed') page.set({ selection: target.seed, inspector: true })
    else {
      const element = document.getElementById(target.panel)
      element?.scrollIntoView({ block: 'nearest' })
      element?.focus()
    }
  }
  return (
    <section className="panel panel-narrative" aria-label="Now, why, next">
      {(['now', 'why', 'next'] as const).map((key) => (
        <div key={key}>
          <span className="k">{key.toUpperCase()}</span>
          <p>
            <Line line={text[key]} onFollow={follow} />
          </p>
        </div>
      ))}
    </section>
  )
}

function Line({
  line,
  onFollow,
}: {
  readonly line: NarrativeLine
  readonly onFollow: (target: NarrativeTarget) => void
}) {
  return line.map((part, index) => {
    const { target } = part
    const text = part.strong ? <b>{part.text}</b> : part.text
    // Position is the identity of a clause: its words change in place.
    const key = `${index}`
    return target ? (
      <button key={key} type="button" className="link" onClick={() => onFollow(target)}>
        {text}
      </button>
    ) : (
      <span key={key}>{text}</span>
    )
  })
}
