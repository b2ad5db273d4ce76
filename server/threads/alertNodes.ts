/*
 * alertNodes: what happened to an alarm as nodes of its thread: raised with its evidence, acknowledged by whom, cleared.
 * In: an alarm after a change, the lines of its history. Out: node drafts.
 * Invariant: pure; one node per line of history; the evidence is told once per occurrence, as it was when the alarm was raised.
 * Source: docs/protocol.md "threads"; docs/alerts.md "states".
 */
import { alarmThread } from '../../lib/alerts/alarmThread.ts'
import { ENGINE, type Alarm, type AlarmEvent } from '../../lib/alerts/alarmTypes.ts'
import type { ThreadKind } from '../../lib/contracts/httpThreads.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import { ORDER } from './recordNodes.ts'
import type { NodeDraft } from './threadNode.ts'

const RAISES: ReadonlySet<AlarmEvent['act']> = new Set(['raised', 'raised_again', 'reraised', 'severity_up'])

/** What people do to an alarm is told as what they did; what the engine does as what it saw. */
function kindOf({ act, actor }: AlarmEvent): ThreadKind {
  if (RAISES.has(act)) return 'alert'
  if (act === 'cleared') return 'cleared'
  return actor === ENGINE ? 'stage' : 'ack'
}

const WORDS: Partial<Readonly<Record<AlarmEvent['act'], string>>> = {
  ack: 'acknowledged',
  unack: 'acknowledgement taken back',
  shelve: 'shelved',
  unshelve: 'taken from the shelf',
  note: 'noted',
  assign: 'assigned',
  escalate: 'escalated',
  out_of_service: 'out of service',
  in_service: 'in service again',
  cleared: 'its condition is gone',
  silent: 'its source does not tell any more',
  heard_again: 'its source is heard again',
  raised_again: 'raised again',
  reraised: 'asks again: it was acknowledged and still holds',
  severity_up: 'more severe',
  severity_down: 'less severe',
}

function textOf(alarm: Alarm, { act, note }: AlarmEvent): string {
  const said = note === null || note === '' ? '' : `: ${note}`
  if (act === 'raised') return alarm.text
  const words = WORDS[act] ?? act.replaceAll('_', ' ')
  return RAISES.has(act) ? `${words}: ${alarm.text}${said === '' ? '' : ` (${note})`}` : `${words}${said}`
}

const toneOf = ({ severity }: Alarm): 'plain' | 'warn' | 'crit' =>
  severity === 'critical' ? 'crit' : severity === 'warning' ? 'warn' : 'plain'

/** Gives the nodes of one change. */
export function nodesOfAlarm(alarm: Alarm, events: readonly AlarmEvent[]): readonly NodeDraft[] {
  const shared = {
    correlationId: alarmThread(alarm),
    runId: alarm.runId,
    layerId: alarm.layerId,
    seedId: alarm.seedId,
    link: THREAD_LINKS.alert(alarm.id),
  }
  const { evidence } = alarm
  return events.flatMap((event, at): NodeDraft[] => {
    const kind = kindOf(event)
    const id = `alert ${alarm.id} ${alarm.version} ${at} ${event.act}`
    const node: NodeDraft = {
      ...shared,
      id,
      atMs: event.atMs,
      ord: kind === 'cleared' ? ORDER.cleared : ORDER.alert,
      kind,
      text: textOf(alarm, event),
      tone: kind === 'alert' ? toneOf(alarm) : kind === 'cleared' ? 'ok' : 'plain',
      by: event.actor === ENGINE ? `rule ${alarm.rule}` : event.actor,
      isChange: event.act === 'raised' && alarm.severity === 'critical',
    }
    const isFirst = event.act === 'raised' || event.act === 'raised_again'
    if (!isFirst || (evidence.trigger === null && evidence.windowMs.length === 0)) return [node]
    const seconds = ((evidence.windowMs.at(-1) ?? 0) - (evidence.windowMs[0] ?? 0)) / 1_000
    const window: NodeDraft = {
      ...shared,
      id: `${id} evidence`,
      atMs: event.atMs,
      ord: ORDER.alert + 1,
      kind: 'evidence',
      causationId: id,
      text:
        evidence.windowMs.length > 1 ? `the ${seconds.toFixed(1)} s before it was raised` : 'what it was raised from',
      by: `rule ${alarm.rule}`,
      evidence: {
        metric: evidence.metric,
        unit: evidence.unit,
        trigger: evidence.trigger,
        worst: evidence.worst,
        live: null,
        threshold: evidence.threshold,
        t_ms: [...evidence.windowMs],
        v: [...evidence.windowValues],
      },
    }
    return [node, window]
  })
}
