import type { AlertGroup, AlertItem } from '../../../../lib/contracts/alerts.ts'

/** An alert as the API gives it; what a test does not say is that of an open warning. */
export function alertOf(id: string, change: Partial<AlertItem> = {}): AlertItem {
  return {
    id,
    rule: 'dead_chunk',
    rule_version: 1,
    severity: 'warning',
    urgency: 'soon',
    state: 'unacked_active',
    underlying: 'unacked_active',
    silent: false,
    layer_id: 'layer_0',
    seed_id: 1,
    run_id: 'run-1',
    group: 'layer_0',
    fingerprint: id,
    seq: 1,
    version: 1,
    raised_at: '2026-01-01T00:00:00.000Z',
    cleared_at: null,
    acked_by: null,
    acked_at: null,
    assigned_to: null,
    shelved_until: null,
    shelved_by: null,
    note: null,
    count: 1,
    first_at: '2026-01-01T00:00:00.000Z',
    last_at: '2026-01-01T00:00:00.000Z',
    flaps: 0,
    flapping: false,
    latched: false,
    inhibited_by: null,
    escalation: 0,
    text: `alert ${id}`,
    runbook: '',
    correlation_id: null,
    evidence: {
      metric: 'dead_node_ratio',
      unit: 'ratio',
      trigger: 1,
      worst: 1,
      live: 1,
      threshold: 1,
      window: { t_ms: [], v: [] },
    },
    ...change,
  }
}

export function groupOf(key: string, change: Partial<AlertGroup> = {}): AlertGroup {
  return {
    key,
    text: `group ${key}`,
    rule: 'dead_chunk',
    count: 1,
    critical: 0,
    unacked: 1,
    newest_at: '2026-01-01T00:00:00.000Z',
    new_since_ack: 0,
    ...change,
  }
}

/** Second n of the day on which the fixtures live. */
export const second = (n: number): string => new Date(Date.parse('2026-01-01T00:00:00.000Z') + n * 1_000).toISOString()
