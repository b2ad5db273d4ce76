/*
 * alertDoor: the acts on alerts over HTTP.
 * In: alerts as they are known, what the operator adds. Out: what the server made of them. @throws ApiError with its words
 * Invariant: every act names the version and the occurrence it was decided on, so that an old act never touches a new occurrence; a
 * group is acknowledged as it was counted, members that came later are not.
 * Source: docs/alerts.md; docs/protocol.md "alerts".
 */
import type { AlertGroup, AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertList, GroupAckAnswer } from '../../lib/contracts/httpAlerts.ts'
import { askApi } from '../records/useApi.ts'
import { canAck } from './alertWords.ts'

export type ActName =
  | 'ack'
  | 'unack'
  | 'note'
  | 'shelve'
  | 'unshelve'
  | 'escalate'
  | 'assign'
  | 'reset'
  | 'out-of-service'
  | 'in-service'

export interface ActBody {
  readonly note?: string
  readonly reason?: string
  /** shelve: absent lasts until it clears, at most a day. */
  readonly minutes?: number
  /** assign: to whom; escalate: to whom, absent for the next step of the rule. */
  readonly to?: string
}

/** What an act must name. */
export type ActTarget = Pick<AlertItem, 'id' | 'version' | 'seq' | 'text'>

export interface AlertDoor {
  act(act: ActName, alert: ActTarget, body: ActBody): Promise<AlertItem>
  /** Acknowledges what the group held when it was counted. */
  ackGroup(group: AlertGroup): Promise<GroupAckAnswer>
}

type Ask = typeof askApi

/** Members of a group that can be acknowledged and were there when it was counted; asked for page by page. */
async function membersOf(ask: Ask, group: AlertGroup): Promise<readonly AlertItem[]> {
  const found = new Map<string, AlertItem>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = new URLSearchParams({ state: 'open', group: group.key, limit: '200' })
    if (cursor !== '') query.set('cursor', cursor)
    const list: AlertList = await ask<AlertList>(`/api/alerts?${query}`)
    for (const alert of list.alerts)
      if (canAck(alert) && Date.parse(alert.raised_at) <= Date.parse(group.newest_at)) found.set(alert.id, alert)
    cursor = list.next
  }
  return [...found.values()]
}

/** Opens the door; `ask` is handed in by tests. */
export function createAlertDoor(ask: Ask = askApi): AlertDoor {
  return {
    act: (act, { id, version, seq }, body) =>
      ask<AlertItem>(`/api/alerts/${encodeURIComponent(id)}/${act}`, {
        method: 'POST',
        body: { version, seq, ...body },
      }),
    async ackGroup(group) {
      const members = await membersOf(ask, group)
      if (members.length === 0) return { acked: 0, lost: [], lost_count: 0, new: 0, versions: [] }
      const versions = members.map(({ id, version, seq }) => ({ id, version, seq }))
      return ask<GroupAckAnswer>('/api/alerts/groups/ack', { method: 'POST', body: { group: group.key, versions } })
    },
  }
}
