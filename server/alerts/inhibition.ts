/*
 * inhibition: which alarms another one explains: suppressed by design, after ISA-18.2: listed and counted, told to nobody by itself.
 * In: alarms as they change, the rules they belong to. Out: the alarm that explains one, whether nobody is told of it, how many there are.
 * Invariant: a critical alarm is never inhibited, only labelled; what is still true when its explanation ends is told then; an alarm
 * that tells of an event explains nothing and is explained by nothing.
 * Source: docs/alerts.md "explained by another"; ISA-18.2.
 */
import type { Alarm } from '../../lib/alerts/alarmTypes.ts'
import { DETECTORS, type DetectorName } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface Inhibition {
  /** Takes note of a change; answers what it explained and explains no more. */
  changed(alarm: Alarm): readonly Alarm[]
  /** The alarm that explains this one; null: none. */
  parentOf(alarm: Alarm): Alarm | null
  /** Whether nobody is told of it by itself now. */
  readonly isInhibited: (alarm: Alarm) => boolean
  /** How many are. */
  count(): number
}

export interface InhibitionOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly ruleOf: (id: string) => AlertRule | undefined
  readonly open: () => Iterable<Alarm>
}

interface Explains {
  readonly parent: DetectorName
  /** Where the other one has to be. */
  readonly at: 'anywhere' | 'same layer'
  readonly children: (detector: DetectorName) => boolean
}

const WITHOUT_BUS: ReadonlySet<DetectorName> = new Set(['telemetry_gap', 'layer_silent', 'bus_lag', 'command_unacked'])
const isOfSeedOrLayer = (detector: DetectorName): boolean => {
  const { scope, event } = DETECTORS[detector]
  return !event && (scope === 'seed' || scope === 'layer')
}

/** What explains what: without a bus nothing arrives; of a silent layer the last that was known is all there is. */
const TABLE: readonly Explains[] = [
  { parent: 'bus_down', at: 'anywhere', children: (detector) => WITHOUT_BUS.has(detector) },
  {
    parent: 'layer_silent',
    at: 'same layer',
    children: (detector) => detector !== 'layer_silent' && isOfSeedOrLayer(detector),
  },
]

const COUNT_MS = 1_000
const placeOf = ({ runId, layerId }: Alarm): string => `${runId ?? ''} ${layerId ?? ''}`

/** Creates it over what is open already. */
export function createInhibition({ clock, ruleOf, open }: InhibitionOptions): Inhibition {
  let counted = { atMs: Number.NEGATIVE_INFINITY, count: 0 }
  /** Alarms that are true and explain others: by line of the table, then by place. */
  const parents = TABLE.map(() => new Map<string, Alarm>())
  const detectorOf = (alarm: Alarm): DetectorName | null => ruleOf(alarm.rule)?.detector ?? null
  const keyOf = ({ at }: Explains, alarm: Alarm): string => (at === 'anywhere' ? '' : placeOf(alarm))

  const parentOf = (alarm: Alarm): Alarm | null => {
    const detector = detectorOf(alarm)
    if (detector === null || !alarm.active) return null
    for (const [line, explains] of TABLE.entries()) {
      const parent = parents[line]!.get(keyOf(explains, alarm))
      if (parent !== undefined && explains.children(detector)) return parent
    }
    return null
  }
  const isInhibited = (alarm: Alarm): boolean => alarm.severity !== 'critical' && parentOf(alarm) !== null

  const changed = (alarm: Alarm): readonly Alarm[] => {
    // The rule of one that explained may be gone by now.
    const known = parents.findIndex((line) => [...line.values()].some(({ id }) => id === alarm.id))
    const line = known >= 0 ? known : TABLE.findIndex(({ parent }) => parent === detectorOf(alarm))
    if (line < 0) return []
    const key = keyOf(TABLE[line]!, alarm)
    if (alarm.active) {
      if (known >= 0 || !parents[line]!.has(key)) parents[line]!.set(key, alarm)
      return []
    }
    if (known < 0) return []
    const explained = [...open()].filter((one) => one.id !== alarm.id && isInhibited(one))
    parents[line]!.delete(key)
    return explained.filter((one) => !isInhibited(one))
  }

  for (const alarm of open()) changed(alarm)
  return {
    changed,
    parentOf,
    isInhibited,
    count() {
      if (parents.every((line) => line.size === 0)) return 0
      // Asked ten times a second in a storm.
      if (clock.monotonicMs() - counted.atMs < COUNT_MS) return counted.count
      let count = 0
      for (const alarm of open()) if (isInhibited(alarm)) count++
      counted = { atMs: clock.monotonicMs(), count }
      return count
    },
  }
}
