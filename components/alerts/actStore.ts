/*
 * actStore: what this operator is doing to alerts: acts on their way, what failed and why, what can be taken back for ten seconds.
 * In: acts, the door to the server, a clock. Out: one immutable picture, to subscribers.
 * Invariant: an act is shown at once as being sent and never as done; a failure takes the mark away and says why; the newest version
 * of an alert wins; a lost race is no failure, it says who was faster.
 * Source: docs/ux.md "pages: alerts".
 */
import type { AlertGroup, AlertItem } from '../../lib/contracts/alerts.ts'
import { ALERT_LIMITS } from '../../lib/contracts/alertTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { ApiProblem } from '../records/useApi.ts'
import type { ActBody, ActName, ActTarget, AlertDoor } from './alertDoor.ts'

export interface Failure {
  readonly act: ActName
  readonly body: ActBody
  /** lost: somebody else was faster. */
  readonly kind: 'failed' | 'lost'
  readonly text: string
  readonly code: string
}

export interface Undo {
  readonly text: string
  /** On the monotonic clock. */
  readonly untilMs: number
  readonly act: 'unack' | 'unshelve'
  readonly targets: readonly ActTarget[]
}

export interface ActPicture {
  readonly sending: ReadonlyMap<string, ActName>
  /** Keys of groups that are being acknowledged. */
  readonly groups: ReadonlySet<string>
  readonly failed: ReadonlyMap<string, Failure>
  /** Newest that an answer told of an alert: it may be newer than the list. */
  readonly newest: ReadonlyMap<string, AlertItem>
  readonly undo: Undo | null
  /** Said last, and a number that grows so that the same words are said again. */
  readonly said: { readonly text: string; readonly count: number; readonly isProblem: boolean }
}

export interface ActStore {
  readonly get: () => ActPicture
  readonly subscribe: (listener: () => void) => () => void
  /** Does one act on each of the alerts; resolves when every one was answered, with those that worked. */
  readonly run: (act: ActName, alerts: readonly ActTarget[], body?: ActBody) => Promise<readonly AlertItem[]>
  readonly ackGroup: (group: AlertGroup) => Promise<void>
  /** Takes back the last act that can be taken back; false when there is none. */
  readonly undo: () => Promise<boolean>
  readonly dismiss: (id: string) => void
}

/** Answers remembered; the lists are asked again long before. */
const KEPT = 2_000
/** Acts on their way at the same time. */
const AT_ONCE = 8

const DONE: Readonly<Record<ActName, string>> = {
  ack: 'Acknowledged',
  unack: 'No longer acknowledged',
  note: 'Note kept',
  shelve: 'Shelved',
  unshelve: 'No longer shelved',
  escalate: 'Escalated',
  assign: 'Assigned',
  reset: 'Let go',
  'out-of-service': 'Taken out of service',
  'in-service': 'Back in service',
}
const UNDOES: Partial<Record<ActName, Undo['act']>> = { ack: 'unack', shelve: 'unshelve' }

const nameOf = (targets: readonly ActTarget[]): string =>
  targets.length === 1 ? (targets[0]?.text ?? '') : `${targets.length} alerts`

/** Creates a store; `after` is told after every act, `problemOf` reads a failure. */
export function createActStore(options: {
  readonly door: AlertDoor
  readonly clock: Clock
  readonly problemOf: (error: unknown) => ApiProblem | null
  readonly after: () => void
}): ActStore {
  const { door, clock } = options
  const listeners = new Set<() => void>()
  let forget: (() => void) | null = null
  let picture: ActPicture = {
    sending: new Map(),
    groups: new Set(),
    failed: new Map(),
    newest: new Map(),
    undo: null,
    said: { text: '', count: 0, isProblem: false },
  }
  const change = (next: Partial<ActPicture>): void => {
    picture = { ...picture, ...next }
    for (const listener of listeners) listener()
  }
  const without = <V>(map: ReadonlyMap<string, V>, ids: Iterable<string>): Map<string, V> => {
    const next = new Map(map)
    for (const id of ids) next.delete(id)
    return next
  }
  const say = (text: string, isProblem = false): void =>
    change({ said: { text, count: picture.said.count + 1, isProblem } })
  const take = (alert: AlertItem): void => {
    const known = picture.newest.get(alert.id)
    if (known !== undefined && known.version > alert.version) return
    const newest = without(picture.newest, [alert.id])
    newest.set(alert.id, alert)
    for (const id of newest.keys()) {
      if (newest.size <= KEPT) break
      newest.delete(id)
    }
    change({ newest })
  }
  const offer = (act: Undo['act'], targets: readonly ActTarget[], text: string): void => {
    forget?.()
    change({ undo: { act, targets, text, untilMs: clock.monotonicMs() + ALERT_LIMITS.undoMs } })
    forget = clock.after(ALERT_LIMITS.undoMs, () => {
      forget = null
      change({ undo: null })
    })
  }
  const withdraw = (): void => {
    forget?.()
    forget = null
    if (picture.undo !== null) change({ undo: null })
  }
  const newestOf = <T extends ActTarget>(target: T): T | AlertItem => {
    const known = picture.newest.get(target.id)
    return known !== undefined && known.version >= target.version ? known : target
  }

  /** The last act of each alert that was asked for: one follows the other, so that a note waits for its acknowledgement. */
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = (act: ActName, target: ActTarget, body: ActBody): Promise<AlertItem | null> => {
    const before = turns.get(target.id)
    const mine = before === undefined ? one(act, target, body) : before.then(() => one(act, target, body))
    turns.set(target.id, mine)
    void mine.finally(() => {
      if (turns.get(target.id) === mine) turns.delete(target.id)
    })
    return mine
  }

  const one = async (act: ActName, target: ActTarget, body: ActBody): Promise<AlertItem | null> => {
    change({
      sending: new Map(picture.sending).set(target.id, act),
      failed: without(picture.failed, [target.id]),
    })
    try {
      const answer = await door.act(act, newestOf(target), body)
      take(answer)
      change({ sending: without(picture.sending, [target.id]) })
      return answer
    } catch (error) {
      const problem = options.problemOf(error) ?? { status: null, code: 'INTERNAL', text: 'It did not work.' }
      const kind = problem.code === 'ALERT_CHANGED' ? 'lost' : 'failed'
      const failed = new Map(picture.failed).set(target.id, { act, body, kind, text: problem.text, code: problem.code })
      change({ sending: without(picture.sending, [target.id]), failed })
      say(kind === 'lost' ? problem.text : `Not done: ${problem.text}`, true)
      return null
    }
  }

  const run: ActStore['run'] = async (act, targets, body = {}) => {
    // The same act again while it is on its way is a second press.
    const wanted = targets.filter((target) => picture.sending.get(target.id) !== act)
    if (wanted.length === 0) return []
    // From here on the key means this act: it must never take back the one before while this one is on its way.
    if (UNDOES[act] !== undefined) withdraw()
    const worked: AlertItem[] = []
    const queue = wanted.values()
    const work = async (): Promise<void> => {
      for (const target of queue) {
        const answer = await inTurn(act, target, body)
        if (answer !== null) worked.push(answer)
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, work))
    if (worked.length > 0) {
      // What failed was said last and stays said.
      if (worked.length === wanted.length) say(`${DONE[act]}: ${nameOf(worked)}`)
      const undoes = UNDOES[act]
      if (undoes !== undefined) offer(undoes, worked, `${DONE[act]} ${nameOf(worked)}`)
    }
    options.after()
    return worked
  }

  return {
    get: () => picture,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    run,
    async ackGroup(group) {
      if (picture.groups.has(group.key)) return
      withdraw()
      change({ groups: new Set([...picture.groups, group.key]) })
      try {
        const answer = await door.ackGroup(group)
        const rest = [
          ...(answer.lost_count > 0 ? [`${answer.lost_count} were changed by somebody else meanwhile`] : []),
          ...(answer.new > 0 ? [`${answer.new} came meanwhile and are not acknowledged`] : []),
        ]
        const text = `Acknowledged ${answer.acked} in "${group.text}"${rest.length === 0 ? '' : `; ${rest.join('; ')}`}`
        say(text)
        if (answer.versions.length > 0)
          offer(
            'unack',
            answer.versions.map((version) => ({ ...version, text: group.text })),
            text,
          )
      } catch (error) {
        say(`Not done: ${options.problemOf(error)?.text ?? 'it did not work.'}`, true)
      } finally {
        change({ groups: new Set([...picture.groups].filter((key) => key !== group.key)) })
        options.after()
      }
    },
    async undo() {
      const { undo } = picture
      if (undo === null) return false
      forget?.()
      forget = null
      change({ undo: null })
      await run(undo.act, undo.targets, { reason: 'taken back within ten seconds' })
      return true
    },
    dismiss: (id) => change({ failed: without(picture.failed, [id]) }),
  }
}
