/*
 * stopMatrix: a stop as operators see it: per layer sent, accepted, applied, verified.
 * In: what the gateway says of the stop, what this server knows beside it. Out: StopMatrix.
 * Invariant: a layer that has not confirmed is never shown as stopped; layers that are missing come first.
 * Source: docs/commands.md "emergency stop".
 */
import type { GatewayStopState, StopLayerState } from '../../lib/contracts/gatewayControl.ts'
import type { StopLayer, StopMatrix, StopScope } from '../../lib/contracts/httpStops.ts'

export interface KnownStop {
  readonly id: string
  readonly scope: StopScope
  readonly by: string
  readonly atMs: number
  readonly reason: string
  /** Null: the gateway has not answered yet. */
  readonly state: GatewayStopState | null
  readonly cancelled: readonly { readonly id: string; readonly text: string }[]
  readonly warnings: readonly string[]
  readonly auditSeq: number | null
  /** Made by pausing the run: it is no emergency, one person lifts it. */
  readonly pause: boolean
  /** It never left, and is not tried any more. */
  readonly abandoned: boolean
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
const CONFIRMED: ReadonlySet<StopLayerState['state']> = new Set(['applied', 'verified', 'resumed'])

function toLayer(layer: StopLayerState): StopLayer {
  return {
    layer_id: layer.layer_id,
    sent_at: iso(layer.sent_ms),
    accepted_at: iso(layer.accepted_ms),
    applied_at: iso(layer.applied_ms),
    verified_at: iso(layer.verified_ms),
    path: layer.path,
    state: layer.state,
    ms: layer.took_ms,
    resends: layer.resends,
    text: layer.text,
  }
}

/** Tells whether the layer stands under this stop. */
export function holdsLayer(stop: KnownStop, layerId: string): boolean {
  const { state, scope } = stop
  if (state === null) return scope === 'all' || scope.includes(layerId)
  if (state.resumed_ms !== null) return false
  const layer = state.layers.find((known) => known.layer_id === layerId)
  if (layer !== undefined) return layer.state !== 'resumed'
  return scope === 'all' || scope.includes(layerId)
}

/** Tells whether it still holds anything. */
export function isInForce({ state, abandoned }: KnownStop): boolean {
  return state === null ? !abandoned : state.resumed_ms === null
}

/** The line that sends it once more from a shell. */
function cliOf(stop: KnownStop, missing: readonly string[]): string {
  const layers = missing.length > 0 ? missing : stop.scope === 'all' ? [] : stop.scope
  const all = stop.scope === 'all' && (missing.length === 0 || missing.length === stop.state?.layers.length)
  const words = all
    ? ''
    : layers
        .slice(0, 12)
        .map((id) => ` --layer ${id}`)
        .join('')
  return `npx morphoscope stop${words}`.slice(0, 512)
}

/** Builds the matrix. */
export function toMatrix(stop: KnownStop): StopMatrix {
  const { state } = stop
  const layers = (state?.layers ?? []).map(toLayer)
  const missing = layers.filter((layer) => !CONFIRMED.has(layer.state))
  return {
    id: stop.id,
    scope: stop.scope === 'all' ? 'all' : [...stop.scope],
    at: new Date(stop.atMs).toISOString(),
    by: stop.by,
    reason: stop.reason,
    stop_epoch: state?.stop_epoch ?? null,
    layers: [...missing, ...layers.filter((layer) => CONFIRMED.has(layer.state))],
    applied: layers.length - missing.length,
    missing: missing.length,
    worst_ms: state?.worst_ms ?? null,
    complete: state !== null && layers.length > 0 && missing.length === 0,
    cancelled: stop.cancelled.slice(0, 512).map((one) => ({ ...one })),
    warnings: [...new Set([...stop.warnings, ...(state?.warnings ?? [])])].slice(0, 8),
    audit_seq: stop.auditSeq,
    cli: cliOf(
      stop,
      missing.map((layer) => layer.layer_id),
    ),
    resumed_at: iso(state?.resumed_ms ?? null),
  }
}
