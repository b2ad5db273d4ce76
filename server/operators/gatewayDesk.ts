/*
 * gatewayDesk: what the gateway last said of itself: whether it is there and well, how ready a stop is, which stops are in force.
 * In: the gateway's events. Out: the newest of each with its age, causes for the page; events passed on to whoever follows.
 * Invariant: the one follower of this server; what is not known is null, and a silent gateway is unknown readiness, never a stale "ready";
 * a line that fell is said at once to operators, and is a fault of the page only when it stays away longer than a start takes.
 * Source: docs/protocol.md "gateway control API"; docs/emergency-stop.md "stop ready".
 */
import type { GatewayEvent, GatewayReadiness, GatewayStatus } from '../../lib/contracts/gatewayControl.ts'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import type { LiveStatus } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'

export interface GatewayDesk {
  start(): void
  state(): OpsStatus['gateway']
  readiness(): OpsStatus['stop_ready']
  /** Null while the gateway does not answer, or has not probed yet. */
  stopReady(): LiveStatus['stop_ready']
  /** What is wrong with it, for the page. */
  causes(): readonly { readonly code: string; readonly text: string }[]
  status(): GatewayStatus | null
  /** How long ago an agent of the layer was heard, and whether it stands still; null when nothing is known. */
  presence(layerId: string): { readonly heardMs: number | null; readonly halted: boolean | null } | null
  onEvent(listener: (event: GatewayEvent) => void): () => void
  /** The line came up: what was missed has to be asked for. */
  onUp(listener: () => void): () => void
  stop(): void
}

/** A gateway that is started again is back within this. */
const PATIENCE_MS = 5_000
/** Two rounds of probes. */
const READING_MS = 25_000

/** Creates the desk; start() opens the line. */
export function createGatewayDesk({
  gateway,
  clock,
}: {
  readonly gateway: Pick<GatewayClient, 'follow' | 'readiness'>
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

  const takeReadiness = (reading: GatewayReadiness): void => {
    readiness = reading
    readinessMs = clock.monotonicMs()
  }
  const onEvent = (event: GatewayEvent): void => {
    if (event.kind === 'readiness') takeReadiness(event.readiness)
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
          if (!came) return
          // Probes come each ten seconds: what the last round said is asked for at once.
          gateway.readiness().then(takeReadiness, () => undefined)
          for (const listener of ups) listener()
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
      elsewhere: readiness?.elsewhere ?? null,
    }),
    stopReady() {
      if (up !== true || readiness === null || clock.monotonicMs() - readinessMs > READING_MS) return null
      const { ready, of, worst_ms, at_ms, elsewhere } = readiness
      return at_ms === null ? null : { ready, of, worst_ms, at_ms, elsewhere }
    },
    causes() {
      if (up !== true && clock.monotonicMs() - sinceMs > PATIENCE_MS)
        return [
          { code: 'GATEWAY_UNAVAILABLE', text: `commands and stops can not be sent from here: ${text}`.slice(0, 500) },
        ]
      if (up === true && status?.unhealthy != null)
        return [{ code: 'GATEWAY_UNHEALTHY', text: `the gateway renews no lease: ${status.unhealthy}`.slice(0, 500) }]
      return []
    },
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
