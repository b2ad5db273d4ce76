/*
 * resumeChecks: what must hold before anything that was stopped runs again, filled in by the server where it can.
 * In: the network, the gateway, the bus, the unknown. Out: the checklist.
 * Invariant: what can not be told does not pass; what only a person can say is left to a person.
 * Source: docs/commands.md "resume"; docs/ux.md "resume".
 */
import type { ChecklistItem } from '../../lib/contracts/httpStops.ts'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import type { LayerView } from './networkView.ts'

export interface ResumeFacts {
  readonly layers: readonly LayerView[]
  readonly presence: (layerId: string) => { readonly heardMs: number | null; readonly halted: boolean | null } | null
  readonly nowMs: number
  readonly gateway: OpsStatus['gateway']
  readonly readiness: OpsStatus['stop_ready']
  readonly bus: { readonly state: string; readonly cause: string | null }
  readonly unknown: number
}

/** A stopped layer sends no telemetry; its agent goes on saying that it stands still. */
const HEARD_MS = 15_000

function telemetryItem({ layers, presence, nowMs }: ResumeFacts): ChecklistItem {
  const silent = layers.filter((view) => {
    if (view.freshness === 'fresh' || view.freshness === 'late') return false
    const known = presence(view.layerId)
    return known?.halted !== true || known.heardMs === null || nowMs - known.heardMs > HEARD_MS
  })
  const known = layers.length > 0
  return {
    key: 'telemetry',
    text: 'every layer is heard: fresh telemetry, or its agent says that it stands still',
    passed: known ? silent.length === 0 : null,
    detail: !known
      ? 'no layer is known'
      : silent.length === 0
        ? `${layers.length} of ${layers.length} layers`
        : `not heard: ${silent
            .slice(0, 12)
            .map((view) => `${view.layerId} (${view.freshness})`)
            .join(', ')}`,
    by: 'server',
  }
}

/** Fills in what the server can tell; `confirmed` are the person's own words. */
export function resumeChecks(facts: ResumeFacts, confirmed: readonly string[] = []): ChecklistItem[] {
  const { gateway, readiness, bus, unknown } = facts
  const ready = readiness.of > 0 && readiness.age_ms !== null
  return [
    telemetryItem(facts),
    {
      key: 'breakers',
      text: 'bus and gateway answer',
      passed: gateway.state === 'unknown' ? null : gateway.state === 'up' && bus.state === 'up',
      detail: `${gateway.text}; the bus is ${bus.state}${bus.cause === null ? '' : `: ${bus.cause}`}`,
      by: 'server',
    },
    {
      key: 'unknown',
      text: 'no command has an unknown outcome',
      passed: unknown === 0,
      detail: unknown === 0 ? 'none' : `${unknown} unknown`,
      by: 'server',
    },
    {
      key: 'readiness',
      text: 'a stop would reach every layer',
      passed: ready ? readiness.ready === readiness.of : null,
      detail: [ready ? `${readiness.ready} of ${readiness.of}` : 'not measured yet', readiness.elsewhere?.text ?? '']
        .filter(Boolean)
        .join('; '),
      by: 'server',
    },
    {
      key: 'alerts',
      text: 'alerts were looked at',
      passed: confirmed.includes('alerts') ? true : null,
      detail: 'said by whoever proposes',
      by: 'person',
    },
    {
      key: 'cause',
      text: 'the cause of the stop is known',
      passed: confirmed.includes('cause') ? true : null,
      detail: 'said by whoever proposes',
      by: 'person',
    },
  ]
}

/** What the server itself can not let pass. */
export function failedChecks(items: readonly ChecklistItem[]): readonly ChecklistItem[] {
  return items.filter((item) => item.passed !== true)
}
