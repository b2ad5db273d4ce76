/*
 * SelectionBar: what is picked: how many seeds, of which layers, in which states, how many of them too old; and what to do with them.
 * In: the choice, the pictures of the shown run. Out: a bar above the conductor; composing for them, letting go of them.
 * Invariant: a state that is not known is counted as unknown; it takes no room of the page, and covers neither STOP nor the conductor.
 * Source: docs/ux.md "bulk".
 */
'use client'
import Link from 'next/link'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { formatCount, stateText } from '../../lib/live/formatValue.ts'
import { layerAges } from '../live/layerAges.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { clearPicked, toSeedQuery, useSelection, type Picked } from './selectionStore.ts'
import { writeSentence } from './sentence.ts'

const NAMED_STATES = 4
const MAX_LINK = 1_500

/** Counts states of picked seeds; what no picture tells is unknown. */
function useStates(picked: Picked): { readonly words: string; readonly stale: number } {
  const { session } = useLive()
  useLiveTopic(['status', 'view'], 1_000)
  const layers = session.store.run()?.descriptor.layers ?? []
  const mirrors = session.store.mirrors()
  const ages = new Map(layerAges(session).map((age) => [age.layerId, age.freshness]))
  const counts = new Map<string, number>()
  let stale = 0
  for (const { layerId, seedIds } of picked.layers) {
    const mirror = mirrors[layers.findIndex((layer) => layer.layer_id === layerId)]
    const freshness = ages.get(layerId)
    if (freshness !== 'fresh' && freshness !== 'late') stale += seedIds.length
    for (const id of seedIds) {
      const state = SEED_STATES[mirror?.state[id] ?? 255]
      const name = state === undefined ? 'unknown' : stateText(state)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a)
  const rest = sorted.slice(NAMED_STATES).reduce((sum, [, count]) => sum + count, 0)
  const named = sorted.slice(0, NAMED_STATES).map(([name, count]) => `${name} ${formatCount(count)}`)
  return { words: [...named, ...(rest > 0 ? [`others ${formatCount(rest)}`] : [])].join(', '), stale }
}

export default function SelectionBar() {
  const picked = useSelection()
  const { words, stale } = useStates(picked)
  const sentence = encodeURIComponent(writeSentence(toSeedQuery(picked)))
  // Many scattered seeds make no link that can be sent; they are taken along all the same.
  const href = sentence.length > MAX_LINK ? '/commands#new' : `/commands?seeds=${sentence}#new`
  return (
    <section className="selection-bar" aria-label="Picked seeds">
      <span>
        <b className="num">
          {formatCount(picked.count)} {picked.count === 1 ? 'seed' : 'seeds'}
        </b>{' '}
        <span className="t2">
          in {formatCount(picked.layers.length)} {picked.layers.length === 1 ? 'layer' : 'layers'}: {words}
          {stale > 0 ? `, stale ${formatCount(stale)}` : ''}
        </span>
      </span>
      <Link className="button-link" href={href} prefetch={false}>
        Compose
      </Link>
      <button type="button" onClick={clearPicked}>
        Clear
      </button>
    </section>
  )
}
