/*
 * gatewayDesk: what the gateway last said of itself: whether it is there, how ready a stop is, which stops are in force.
 * In: the gateway's events. Out: the newest of each with its age; events passed on to whoever follows.
 * Invariant: what is not known is null; a line that fell is said at once, and what was known keeps its age.
 * Source: docs/protocol.md "gateway control API".
 */
import type { GatewayEvent, GatewayReadiness, GatewayStatus } from '../../lib/contracts/gatewayControl.ts'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'

export interface GatewayDesk {
  start(): void
  state(): OpsStatus['gateway']
  readiness(): OpsStatus['stop_ready']
  status(): GatewayStatus | null
  /** How long ago an agent of the layer was heard, and whether it stands still; null when nothing is known. */
  presence(layerId: string): { readonly heardMs: number | null; readonly halted: boolean | null } | null
  onEvent(listener: (event: GatewayEvent) => void): () => void
  /** The line came up: what was missed has to be asked for. */
  onUp(listener: () => void): () => void
  stop(): void
}

/** Creates the desk; start() opens the line. */
export function createGatewayDesk({
  gateway,
  clock,
}: {
  readonly gateway: Pick<GatewayClient, 'follow'>
  readonly clock: Clock
}): GatewayDesk {
  const events = new Set<(event: GatewayEvent) => void>()
  const ups = new Set<() => void>()
  let up: boolean | null = null
  let text = 'the gateway was not asked yet'
  let sinceMs = clock.monotonicMs()
  let readiness: GatewayReadiness | null = null
  let readinessMs = 0
  let status: GatewayStatus | null = null
  let undo: (() => void) | null = null

  const onEvent = (event: GatewayEvent): void => {
    if (event.kind === 'readiness') {
      readiness = event.readiness
      readinessMs = clock.monotonicMs()
    }
    if (event.kind === 'status') status = event.status
    for (const listener of events) listener(event)
    if (event.kind === 'reset') for (const listener of ups) listener()
  }

  return {
    start() {
      undo ??= gateway.follow({
        after: null,
        onEvent,
        onLine(line) {
          if (up !== line.up) sinceMs = clock.monotonicMs()
          const came = line.up && up !== true
          up = line.up
          text = line.up ? 'the gateway answers' : (line.error?.message ?? 'the gateway does not answer')
          if (came) for (const listener of ups) listener()
        },
      })
    },
    state: () => ({
      state: up === null ? 'unknown' : up ? 'up' : 'down',
      text:
        status?.unhealthy == null || up !== true ? text : `the gateway answers, and is not well: ${status.unhealthy}`,
      age_ms: up === null ? null : clock.monotonicMs() - sinceMs,
    }),
    readiness: () => ({
      ready: up === true ? (readiness?.ready ?? 0) : 0,
      of: readiness?.of ?? 0,
      worst_ms: up === true ? (readiness?.worst_ms ?? null) : null,
      age_ms: readiness === null ? null : clock.monotonicMs() - readinessMs,
    }),
    status: () => status,
    presence(layerId) {
      const layer = status?.layers.find((known) => known.layer_id === layerId)
      return layer === undefined ? null : { heardMs: layer.heard_ms, halted: layer.halted }
    },
    onEvent(listener) {
      events.add(listener)
      return () => void events.delete(listener)
    },
    onUp(listener) {
      ups.add(listener)
      return () => void ups.delete(listener)
    },
    stop() {
      undo?.()
      undo = null
    },
  }
}
