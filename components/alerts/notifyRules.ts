/*
 * notifyRules: when this browser makes a sound or shows a notification, and which.
 * In: what this operator chose, what asks for attention, the time of day here. Out: one tone at most, one notice at most, in words.
 * Invariant: nothing without having been asked for; quiet hours hold back what is not critical, and say how much; many at once are one.
 * Source: docs/ux.md "pages: alerts"; features D19.
 */
import type { AlertsChanged } from '../../lib/contracts/httpAlerts.ts'

type Asking = AlertsChanged['changed'][number]
type Severity = Asking['severity']

export interface NotifySettings {
  readonly sound: boolean
  readonly desktop: boolean
  /** The least severe that is told. */
  readonly least: Severity
  /** Minutes of the day here; equal ends are no quiet hours. */
  readonly quietFrom: number
  readonly quietTo: number
  /** Critical ones are told in quiet hours too. */
  readonly criticalAlways: boolean
}

export const NOTIFY_KEY = 'morphoscope.notify'
/** Told on the window when the settings changed. */
export const NOTIFY_EVENT = 'morphoscope:notify'

export const NO_NOTIFY: NotifySettings = Object.freeze({
  sound: false,
  desktop: false,
  least: 'warning',
  quietFrom: 0,
  quietTo: 0,
  criticalAlways: true,
})

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 }
const DAY = 1_440
const minute = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < DAY ? value : 0

/** Reads what a storage kept; anything unknown is off. Never throws. */
export function parseNotify(text: string | null): NotifySettings {
  try {
    const kept = JSON.parse(text ?? 'null') as Partial<Record<keyof NotifySettings, unknown>> | null
    if (kept === null || typeof kept !== 'object') return NO_NOTIFY
    return {
      sound: kept.sound === true,
      desktop: kept.desktop === true,
      least: kept.least === 'critical' || kept.least === 'info' ? kept.least : 'warning',
      quietFrom: minute(kept.quietFrom),
      quietTo: minute(kept.quietTo),
      criticalAlways: kept.criticalAlways !== false,
    }
  } catch {
    return NO_NOTIFY
  }
}

/** Tells whether a minute of the day lies in the quiet hours, also over midnight. */
export function isQuiet({ quietFrom, quietTo }: NotifySettings, minuteOfDay: number): boolean {
  if (quietFrom === quietTo) return false
  return quietFrom < quietTo
    ? minuteOfDay >= quietFrom && minuteOfDay < quietTo
    : minuteOfDay >= quietFrom || minuteOfDay < quietTo
}

export interface Notice {
  readonly title: string
  readonly body: string
  /** Where a press leads. */
  readonly id: string | null
}

export interface Told {
  readonly tone: Severity | null
  readonly notice: Notice | null
  /** Not told because of the quiet hours. */
  readonly held: number
}

/** Decides about one batch; `more` are alerts that came with it and are not listed. */
export function tellOf(changed: readonly Asking[], more: number, settings: NotifySettings, minuteOfDay: number): Told {
  const wanted = changed
    .filter((one) => one.asks && RANK[one.severity] <= RANK[settings.least])
    .toSorted((a, b) => RANK[a.severity] - RANK[b.severity])
  const quiet = isQuiet(settings, minuteOfDay)
  const told = quiet ? wanted.filter((one) => settings.criticalAlways && one.severity === 'critical') : wanted
  const held = wanted.length - told.length
  const [worst] = told
  if (worst === undefined) return { tone: null, notice: null, held }
  const critical = told.filter((one) => one.severity === 'critical').length
  const count = told.length + more
  const notice: Notice =
    count === 1
      ? { title: `${worst.severity}: ${worst.text}`, body: 'Press to open it.', id: worst.id }
      : {
          title: `${count} alerts${critical > 0 ? `, ${critical} critical` : ''}`,
          body: worst.text,
          id: null,
        }
  return { tone: settings.sound ? worst.severity : null, notice: settings.desktop ? notice : null, held }
}

export interface Beep {
  readonly atMs: number
  readonly hz: number
  readonly ms: number
}

/** Told apart by count and pitch: three high, two, one low. */
export const TONES: Readonly<Record<Severity, readonly Beep[]>> = Object.freeze({
  critical: [
    { atMs: 0, hz: 880, ms: 140 },
    { atMs: 200, hz: 880, ms: 140 },
    { atMs: 400, hz: 1_175, ms: 260 },
  ],
  warning: [
    { atMs: 0, hz: 660, ms: 160 },
    { atMs: 220, hz: 660, ms: 160 },
  ],
  info: [{ atMs: 0, hz: 440, ms: 180 }],
})
