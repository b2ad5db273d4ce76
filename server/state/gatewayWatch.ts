/*
 * gatewayWatch: what this server knows of its gateway: whether it answers, whether it renews the lease, how many layers a stop would reach.
 * In: the gateway's events. Out: stop readiness, causes for the page.
 * Invariant: a silent gateway is unknown readiness, never a stale "ready"; a start of a few seconds is no fault.
 * Source: docs/emergency-stop.md "stop ready".
 */
import type { GatewayEvent, GatewayReadiness } from '../../lib/contracts/gatewayControl.ts'
import type { LiveStatus } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'

export interface GatewayWatch {
  start(): void
  stop(): void
  /** Null while the gateway does not answer, or has not probed yet. */
  stopReady(): LiveStatus['stop_ready']
  causes(): readonly { readonly code: string; readonly text: string }[]
}

/** A gateway that is started again is back within this. */
const PATIENCE_MS = 5_000
/** Two rounds of probes. */
const READING_MS = 25_000

/** Creates a watch; nothing is asked before start. */
export function createGatewayWatch(client: GatewayClient, clock: Clock): GatewayWatch {
  let undo: () => void = () => undefined
  let readiness: GatewayReadiness | null = null
  let readMs = 0
  let unhealthy: string | null = null
  let up = false
  let sinceMs = clock.monotonicMs()
  let why = 'it was not asked yet'

  const take = (reading: GatewayReadiness): void => {
    if (reading.at_ms === null) return
    readiness = reading
    readMs = clock.monotonicMs()
  }
  const onEvent = (event: GatewayEvent): void => {
    if (event.kind === 'readiness') take(event.readiness)
    if (event.kind === 'status') unhealthy = event.status.unhealthy
  }
  const onLine = (line: { readonly up: boolean; readonly error: Error | null }): void => {
    if (line.up !== up) sinceMs = clock.monotonicMs()
    up = line.up
    if (line.error !== null) why = line.error.message
    if (!up) readiness = null
    // Probes come each ten seconds: what the last round said is asked for at once.
    else client.readiness().then(take, () => undefined)
  }

  return {
    start() {
      undo = client.follow({ after: null, onEvent, onLine })
    },
    stop: () => undo(),
    stopReady() {
      if (readiness === null || clock.monotonicMs() - readMs > READING_MS) return null
      const { ready, of, worst_ms, at_ms } = readiness
      return { ready, of, worst_ms, at_ms: at_ms! }
    },
    causes() {
      if (!up && clock.monotonicMs() - sinceMs > PATIENCE_MS)
        return [
          { code: 'GATEWAY_UNAVAILABLE', text: `commands and stops can not be sent from here: ${why}`.slice(0, 500) },
        ]
      if (up && unhealthy !== null)
        return [{ code: 'GATEWAY_UNHEALTHY', text: `the gateway renews no lease: ${unhealthy}`.slice(0, 500) }]
      return []
    },
  }
}
