import { expect, test } from 'vitest'
import type { Alarm, AlarmEvent } from '../../../../lib/alerts/alarmTypes.ts'
import { ThreadNode } from '../../../../lib/contracts/httpThreads.ts'
import type { AuditDraft } from '../../../../server/audit/auditDraft.ts'
import type { AuditLog } from '../../../../server/audit/auditLog.ts'
import { nodesOfAlarm } from '../../../../server/threads/alertNodes.ts'
import { nodeOfAct } from '../../../../server/threads/auditNodes.ts'
import { watchAudit } from '../../../../server/threads/auditWatch.ts'
import { toNode, toRow } from '../../../../server/threads/threadNode.ts'

const ALARM: Alarm = {
  id: '3f1c0000-0000-4000-8000-000000000001',
  fingerprint: 'f',
  rule: 'accuracy_drop',
  ruleVersion: 1,
  group: 'g',
  layerId: 'layer_0',
  seedId: null,
  runId: 'run-1',
  severity: 'critical',
  active: true,
  acked: false,
  latches: false,
  held: false,
  silent: false,
  event: false,
  seq: 1,
  version: 1,
  raisedMs: 10_000,
  clearedMs: null,
  ackedBy: null,
  ackedMs: null,
  assignedTo: null,
  shelf: null,
  outOfService: null,
  note: null,
  count: 1,
  firstMs: 10_000,
  lastMs: 10_000,
  flaps: 0,
  raises: [10_000],
  recoverMs: null,
  escalation: 0,
  text: 'accuracy fell by 8 points',
  runbook: 'look at the data',
  correlationId: null,
  evidence: {
    metric: 'val_accuracy',
    unit: 'fraction',
    trigger: 0.78,
    worst: 0.78,
    threshold: 0.8,
    windowMs: [8_000, 9_000, 10_000],
    windowValues: [0.86, null, 0.78],
  },
}
const line = (act: AlarmEvent['act'], actor: string, atMs: number, note: string | null = null): AlarmEvent => ({
  atMs,
  seq: 1,
  actor,
  act,
  from: 'normal',
  to: 'unacked_active',
  note,
})

test('an alarm tells its raise with its evidence, who acknowledged it, and that it cleared, in one thread per occurrence', () => {
  const raised = nodesOfAlarm(ALARM, [line('raised', 'engine', 10_000)])
  const acked = nodesOfAlarm({ ...ALARM, version: 2 }, [line('ack', 'ada', 12_000, 'looking')])
  const cleared = nodesOfAlarm({ ...ALARM, version: 3 }, [line('cleared', 'engine', 20_000)])
  const nodes = [...raised, ...acked, ...cleared].map((node) => ThreadNode.parse(toNode(toRow(node))))
  expect(nodes.map(({ kind, text, by }) => [kind, text, by])).toEqual([
    ['alert', 'accuracy fell by 8 points', 'rule accuracy_drop'],
    ['evidence', 'the 2.0 s before it was raised', 'rule accuracy_drop'],
    ['ack', 'acknowledged: looking', 'ada'],
    ['cleared', 'its condition is gone', 'rule accuracy_drop'],
  ])
  expect(nodes[0]).toMatchObject({ tone: 'crit', link: `/alerts#${ALARM.id}` })
  expect(nodes[1]!.evidence).toMatchObject({ trigger: 0.78, threshold: 0.8, v: [0.86, null, 0.78] })
  expect(raised[0]!.isChange).toBe(true)
  const threads = new Set([...raised, ...acked, ...cleared].map(({ correlationId }) => correlationId))
  expect([...threads]).toEqual([`alert:${ALARM.id}:7ps`])
  expect(nodesOfAlarm({ ...ALARM, raisedMs: 99_000 }, [line('raised_again', 'engine', 99_000)])[0]).toMatchObject({
    correlationId: expect.not.stringMatching(/7ps$/),
    text: 'raised again: accuracy fell by 8 points',
  })
  expect(nodesOfAlarm({ ...ALARM, correlationId: 'told' }, [line('raised', 'engine', 1)])[0]!.correlationId).toBe(
    'told',
  )
})

test('of acts in the trail those that change settings are changes, a start of the server is an incident, the rest is told elsewhere', () => {
  const draft = (action: string, outcome: AuditDraft['outcome'] = 'done'): AuditDraft => ({
    actor: { id: 'ada', roles: ['admin'], method: 'demo' },
    action,
    object: { type: 'rule', id: 'accuracy_drop' },
    outcome,
    reason: 'too loud',
  })
  expect(nodeOfAct(draft('rule.change'), 7, 5)).toMatchObject({
    kind: 'change',
    text: 'rule change rule accuracy_drop: too loud',
    by: 'ada',
    isChange: true,
  })
  expect(nodeOfAct(draft('server.start'), 1, 5)).toMatchObject({ kind: 'incident', text: 'this server started' })
  for (const [action, outcome] of [
    ['rule.change', 'denied'],
    ['command.intent', 'done'],
    ['session.sign-in', 'done'],
  ] as const)
    expect(nodeOfAct(draft(action, outcome), 7, 5)).toBeNull()
})

test('who listens to the trail hears of what it took, also of before, and nothing of what it refused', async () => {
  const taken = { seq: 3 } as never
  const trail = {
    append: (draft: AuditDraft) =>
      draft.action === 'bad' ? Promise.reject(new Error('full')) : Promise.resolve(taken),
  } as unknown as AuditLog
  const { audit, listen } = watchAudit(trail)
  const draft = (action: string) => ({ action }) as AuditDraft
  await audit.append(draft('first'))
  const heard: string[] = []
  listen((one) => void heard.push(one.action))
  await audit.append(draft('second'))
  await expect(audit.append(draft('bad'))).rejects.toThrow('full')
  expect(heard).toEqual(['first', 'second'])
})
