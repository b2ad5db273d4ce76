/*
 * Sankey of transitions: from which states, to which states, how many, as ribbons between two columns.
 * In: transitions of a window, counted one by one. Out: nodes and ribbons in a box.
 * Invariant: a ribbon is as wide as its count at both ends, and the ribbons of a node add up to it; nothing is left out for being small.
 * Source: docs/ux.md "lifecycle river".
 */
import type { ReplayFlow } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'

export interface SankeyNode {
  readonly state: string
  readonly n: number
  readonly y: number
  readonly height: number
}
export interface SankeyRibbon {
  readonly from: string
  readonly to: string
  readonly n: number
  readonly blueprints: readonly { readonly blueprint: string; readonly n: number }[]
  readonly seeds: readonly { readonly layerId: string; readonly seedId: number }[]
  readonly y0: number
  readonly y1: number
  readonly thick: number
}
export interface Sankey {
  readonly left: readonly SankeyNode[]
  readonly right: readonly SankeyNode[]
  readonly ribbons: readonly SankeyRibbon[]
  readonly total: number
}

const ORDER: readonly string[] = [...SEED_STATES, 'UNKNOWN']
const GAP_PX = 10
const LEAST_PX = 2

type Group = Omit<SankeyRibbon, 'y0' | 'y1' | 'thick'>

/** Puts the groups of one pair of states together; blueprints stay apart inside. */
export function sumTransitions(transitions: ReplayFlow['transitions']): readonly Group[] {
  const pairs = new Map<string, ReplayFlow['transitions'][number][]>()
  for (const one of transitions) {
    const key = `${one.from} ${one.to}`
    pairs.set(key, [...(pairs.get(key) ?? []), one])
  }
  return [...pairs.values()]
    .map((group): Group => {
      const seeds = new Map(
        group.flatMap((one) =>
          one.seeds.map(
            ({ layer_id: layerId, seed_id: seedId }) => [`${layerId} ${seedId}`, { layerId, seedId }] as const,
          ),
        ),
      )
      return {
        from: group[0]!.from,
        to: group[0]!.to,
        n: group.reduce((sum, one) => sum + one.n, 0),
        blueprints: group
          .map((one) => ({ blueprint: one.blueprint ?? 'no module', n: one.n }))
          .toSorted((a, b) => b.n - a.n),
        seeds: [...seeds.values()],
      }
    })
    .toSorted((a, b) => ORDER.indexOf(a.from) - ORDER.indexOf(b.from) || ORDER.indexOf(a.to) - ORDER.indexOf(b.to))
}

/** Lays the ribbons out in a height. */
export function layoutSankey(transitions: ReplayFlow['transitions'], height: number): Sankey {
  const groups = sumTransitions(transitions)
  const total = groups.reduce((sum, group) => sum + group.n, 0)
  const sides = (['from', 'to'] as const).map((side) =>
    ORDER.filter((state) => groups.some((group) => group[side] === state)),
  )
  const most = Math.max(1, ...sides.map((states) => states.length))
  const perSeed = Math.max(0, height - (most - 1) * GAP_PX - groups.length * LEAST_PX) / Math.max(1, total)
  const thickOf = (group: Group): number => LEAST_PX + group.n * perSeed
  const place = (side: 'from' | 'to'): readonly SankeyNode[] => {
    let y = 0
    return ORDER.filter((state) => groups.some((group) => group[side] === state)).map((state) => {
      const mine = groups.filter((group) => group[side] === state)
      const node = {
        state,
        n: mine.reduce((sum, group) => sum + group.n, 0),
        y,
        height: mine.reduce((sum, group) => sum + thickOf(group), 0),
      }
      y += node.height + GAP_PX
      return node
    })
  }
  const [left, right] = [place('from'), place('to')]
  const filled = new Map<string, number>()
  const take = (side: string, nodes: readonly SankeyNode[], state: string, thick: number): number => {
    const key = `${side} ${state}`
    const before = filled.get(key) ?? 0
    filled.set(key, before + thick)
    return (nodes.find((node) => node.state === state)?.y ?? 0) + before
  }
  const ribbons = groups.map((group): SankeyRibbon => {
    const thick = thickOf(group)
    return { ...group, thick, y0: take('l', left, group.from, thick), y1: take('r', right, group.to, thick) }
  })
  return { left, right, ribbons, total }
}

/** The outline of a ribbon between two x. */
export function ribbonPath(
  { y0, y1, thick }: Pick<SankeyRibbon, 'y0' | 'y1' | 'thick'>,
  x0: number,
  x1: number,
): string {
  const middle = (x0 + x1) / 2
  const curve = (fromY: number, toX: number, toY: number): string =>
    `C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}`
  return `M${x0} ${y0}${curve(y0, x1, y1)}V${y1 + thick}${curve(y1 + thick, x0, y0 + thick)}Z`
}
