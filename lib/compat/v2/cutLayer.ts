/*
 * cutLayer: which layer an alert is about, when its publisher cut the name at the first underscore.
 * In: an alert, the layers that are known. Out: layer, seed and metric where they can be told.
 * Invariant: a layer is only named when the alert's own metric name spells it; otherwise the cut name stays and is said to be cut.
 * Source: docs/protocol.md "the v2 client".
 */
export interface AlertSubject {
  readonly layerId: string
  readonly seedId: number | null
  readonly metric: string
  /** The name is what was left of a longer one that could not be found. */
  readonly cut: boolean
}

interface CutAlert {
  readonly layer_id: string
  readonly seed_id?: number | null | undefined
  readonly metric_name: string
}

const SEED_AND_METRIC = /^(\d{1,8})_(.+)$/

/** Finds the subject of an alert. Never throws. */
export function subjectOf(alert: CutAlert, known: Iterable<string>): AlertSubject {
  const as = { layerId: alert.layer_id, seedId: alert.seed_id ?? null, metric: alert.metric_name }
  let longest = ''
  for (const layer of known) {
    if (layer === alert.layer_id) return { ...as, cut: false }
    const spelt = layer.startsWith(`${alert.layer_id}_`) && alert.metric_name.startsWith(`${layer}_`)
    if (spelt && layer.length > longest.length) longest = layer
  }
  // Its trend alerts name the metric `<layer>_<metric>` or `<layer>_<seed>_<metric>`; others never do.
  if (longest === '') return { ...as, cut: alert.metric_name.startsWith(`${alert.layer_id}_`) }
  const rest = alert.metric_name.slice(longest.length + 1)
  const [, seed, metric] = SEED_AND_METRIC.exec(rest) ?? []
  return {
    layerId: longest,
    seedId: seed === undefined ? as.seedId : Number(seed),
    metric: metric ?? rest,
    cut: false,
  }
}
