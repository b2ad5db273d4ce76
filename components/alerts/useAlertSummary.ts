/*
 * useAlertSummary: counts of all alerts and the engine's pulse, for the header: pushed, and asked for when nothing is pushed.
 * In: the line of /ops, /api/alerts. Out: the newest of both with its age.
 * Invariant: what is older than a few questions is old and said to be; asked for once however many show it.
 * Source: docs/protocol.md "alerts"; docs/ux.md "global frame".
 */
'use client'
import type { AlertList, AlertSummary } from '../../lib/contracts/httpAlerts.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { useApi } from '../records/useApi.ts'

const ASK_EVERY_MS = 5_000
/** Three questions without an answer. */
const OLD_MS = 16_000

export interface KnownSummary {
  readonly summary: AlertSummary | null
  readonly atMs: number | null
  readonly isOld: boolean
}

export function useAlertSummary(): KnownSummary {
  const { alerts, alertsAtMs, line } = useOps()
  // While the line is up it tells at every change and every few seconds.
  const isPushed = line === 'up' && alerts !== null
  const asked = useApi<AlertList>(isPushed ? null : '/api/alerts?state=open&limit=1', { everyMs: ASK_EVERY_MS })
  const isPushNewer = alerts !== null && (asked.atMs === null || (alertsAtMs ?? 0) >= asked.atMs)
  const summary = isPushNewer ? alerts : asked.data
  const atMs = isPushNewer ? alertsAtMs : asked.atMs
  return { summary, atMs, isOld: atMs !== null && systemClock.wallMs() - atMs > OLD_MS }
}
