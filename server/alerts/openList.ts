/*
 * openList: everything that is open, in the order in which it is listed, without sorting anything when it is asked.
 * In: alarms as they change. Out: pages, most severe first, then what was raised last.
 * Invariant: one place per alarm; asking for a page costs what it skips, not what there is; a cursor stays valid while alarms move.
 * Source: docs/alerts.md "lists".
 */
import { isOver, type Alarm } from '../../lib/alerts/alarmTypes.ts'
import { ALERT_SEVERITIES } from '../../lib/contracts/alertTable.ts'
import { AppError } from '../../lib/contracts/appError.ts'

interface Place {
  readonly order: number
  alarm: Alarm
  rank: number
}

export interface OpenList {
  set(alarm: Alarm): void
  remove(id: string): void
  get(id: string): Alarm | undefined
  size(): number
  values(): Iterable<Alarm>
  page(
    wanted: (alarm: Alarm) => boolean,
    limit: number,
    cursor: string | undefined,
  ): { readonly alarms: readonly Alarm[]; readonly next: string | null }
}

const rankOf = ({ severity }: Alarm): number => ALERT_SEVERITIES.indexOf(severity)

function readCursor(cursor: string): { readonly rank: number; readonly order: number } {
  const match = /^([0-2])\.(\d{1,15})$/.exec(cursor)
  if (match === null)
    throw new AppError('CONTRACT_INVALID', 'this cursor was not made for this list', { path: 'cursor' })
  return { rank: Number(match[1]), order: Number(match[2]) }
}

/** Creates an empty list. */
export function createOpenList(): OpenList {
  const places = new Map<string, Place>()
  /** Per severity in the order of raising; places that moved away are skipped, and swept when they are half of it. */
  const lanes: Place[][] = ALERT_SEVERITIES.map(() => [])
  const gone = ALERT_SEVERITIES.map(() => 0)
  let order = 0

  const inLane = (place: Place, rank: number): boolean => place.rank === rank
  const leave = (place: Place): void => {
    const rank = place.rank
    place.rank = -1
    if (++gone[rank]! * 2 <= lanes[rank]!.length || lanes[rank]!.length < 64) return
    lanes[rank] = lanes[rank]!.filter((one) => inLane(one, rank))
    gone[rank] = 0
  }
  const enter = (alarm: Alarm): void => {
    const place: Place = { order: ++order, alarm, rank: rankOf(alarm) }
    places.set(alarm.id, place)
    lanes[place.rank]!.push(place)
  }

  return {
    set(alarm) {
      const place = places.get(alarm.id)
      if (isOver(alarm)) {
        if (place === undefined) return
        places.delete(alarm.id)
        return leave(place)
      }
      if (place === undefined) return enter(alarm)
      const moves = place.rank !== rankOf(alarm) || place.alarm.raisedMs !== alarm.raisedMs
      if (!moves) {
        place.alarm = alarm
        return
      }
      leave(place)
      enter(alarm)
    },
    remove(id) {
      const place = places.get(id)
      if (place === undefined) return
      places.delete(id)
      leave(place)
    },
    get: (id) => places.get(id)?.alarm,
    size: () => places.size,
    *values() {
      for (const place of places.values()) yield place.alarm
    },
    page(wanted, limit, cursor) {
      const from =
        cursor === undefined ? { rank: lanes.length - 1, order: Number.POSITIVE_INFINITY } : readCursor(cursor)
      const found: Place[] = []
      for (let rank = from.rank; rank >= 0; rank--) {
        const lane = lanes[rank]!
        const below = rank === from.rank ? from.order : Number.POSITIVE_INFINITY
        for (let at = lane.length - 1; at >= 0; at--) {
          const place = lane[at]!
          if (place.order >= below || !inLane(place, rank) || !wanted(place.alarm)) continue
          if (found.length === limit) {
            const last = found.at(-1)!
            return { alarms: found.map((one) => one.alarm), next: `${last.rank}.${last.order}` }
          }
          found.push(place)
        }
      }
      return { alarms: found.map((one) => one.alarm), next: null }
    },
  }
}
