/*
 * alertTableLaws: what the tables of alerts and of their rules promise, on every dialect.
 * In: a factory of open databases. Out: vitest tests, added to the records suite.
 * Invariant: the tests ask the real engines, through the store and the book of the product.
 * Source: docs/alerts.md "records", "rules".
 */
import { expect, test } from 'vitest'
import { ackAlarm } from '../../lib/alerts/alarmActs.ts'
import { clearAlarm, raiseAlarm } from '../../lib/alerts/alarm.ts'
import type { Alarm, AlarmPolicy, AlarmStep } from '../../lib/alerts/alarmTypes.ts'
import { SHIPPED_BY_ID, draftOf } from '../../lib/alerts/shippedRules.ts'
import type { RuleDraft } from '../../lib/contracts/alerts.ts'
import { createAlertStore } from '../../server/alerts/alertStore.ts'
import { openRuleBook } from '../../server/alerts/ruleBook.ts'
import type { Records } from '../../server/stores/recordsDatabase.ts'
import { createManualClock } from '../support/manualClock.ts'

const START_MS = 1_700_000_000_000
const POLICY: AlarmPolicy = {
  version: 0,
  latched: false,
  event: false,
  reraiseMs: 0,
  flap: { count: 99, windowMs: 1, quietMs: 1 },
  escalationMs: [],
  runbook: 'look',
}
const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

function raise(
  number: number,
  more: { severity?: Alarm['severity']; text?: string; layerId?: string } = {},
): AlarmStep {
  const { severity = 'warning', text = `alert ${number}`, layerId = 'l1' } = more
  const place = {
    id: idOf(number),
    fingerprint: `dead_chunk|run|${layerId}|${number}|`,
    rule: 'dead_chunk',
    group: `dead_chunk|run|${layerId}`,
    layerId,
    seedId: number,
    runId: 'run',
  }
  const evidence = { metric: 'dead_node_ratio', unit: 'ratio', trigger: 1, worst: 1, threshold: 1 }
  const signal = {
    severity,
    text,
    correlationId: null,
    evidence: { ...evidence, windowMs: [START_MS + 0.5], windowValues: [0.25] },
  }
  return raiseAlarm(null, place, signal, POLICY, START_MS + number)
}

export function alertTableLaws(open: (at?: string) => Promise<Records>, address: () => Promise<string>): void {
  const opened = (records: Records) => {
    const clock = createManualClock(START_MS)
    const problems: string[] = []
    const store = createAlertStore({ records, clock, onProblem: (text) => void problems.push(text) })
    const put = ({ alarm, events }: AlarmStep): Alarm => {
      store.put(alarm, events)
      return alarm
    }
    return { clock, store, problems, put }
  }

  test('alerts: what was put is there after a restart as it was, open ones oldest first, with all of their history', async () => {
    const at = await address()
    const first = await open(at)
    const { store, put } = opened(first)
    const [one, two] = [put(raise(1, { text: 'Ümläut % _ \\ "quoted" ‱' })), put(raise(2, { severity: 'critical' }))]
    const acked = ackAlarm(one, { actor: 'demo-1', atMs: START_MS + 5, seq: 1, version: 1, note: 'seen' })
    if (acked.kind !== 'done') throw new Error(acked.kind)
    const now = put(acked.step)
    const over = put(clearAlarm(now, POLICY, START_MS + 9))
    store.setMark('seen_ms', START_MS + 0.7)
    await store.durable()
    await store.stop()
    await first.close()
    const again = opened(await open(at)).store
    expect(await again.load(10)).toEqual([over, two])
    expect(await again.load(0)).toEqual([two])
    expect(await again.get(one.id)).toEqual(over)
    expect(await again.get(idOf(99))).toBeNull()
    const history = await again.history(one.id, 10)
    expect(
      history.map(({ version, act, actor, at_ms: ms, note }) => [version, act, actor, ms - START_MS, note]),
    ).toEqual([
      [1, 'raised', 'engine', 1, null],
      [2, 'ack', 'demo-1', 5, 'seen'],
      [3, 'cleared', 'engine', 9, null],
    ])
    expect(await again.mark('seen_ms')).toBe(START_MS + 1)
    expect(await again.mark('nothing')).toBeNull()
  })

  test('alerts: the past is found by place, rule and words, newest first and page by page, nothing twice', async () => {
    const { clock, store, put } = opened(await open())
    for (let number = 1; number <= 25; number++) {
      // Several change within one millisecond: the page goes on by id.
      if (number % 5 === 0) await clock.advance(1)
      put(raise(number, { layerId: number % 2 === 0 ? 'l2' : 'l1', text: number === 7 ? '100% _odd_ \\ one' : 'even' }))
    }
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await store.past(cursor === null ? {} : { cursor }, false, 10)
      seen.push(...page.alarms.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== null)
    expect(seen).toHaveLength(25)
    expect(new Set(seen).size).toBe(25)
    const found = async (query: Parameters<typeof store.past>[0]) =>
      (await store.past(query, false, 100)).alarms.map(({ seedId }) => seedId)
    expect(await found({ layer: 'l2' })).toHaveLength(12)
    expect(await found({ layer: 'l2', rule: 'nothing' })).toEqual([])
    expect(await found({ q: '100% _ODD_ \\' })).toEqual([7])
    expect(await found({ q: '_o_d' })).toEqual([])
    expect(await found({ severity: 'critical' })).toEqual([])
    await expect(store.past({ cursor: 'x' }, false, 1)).rejects.toMatchObject({ code: 'CONTRACT_INVALID' })
    await store.stop()
  })

  test('alerts: one that changes while it is written ends as it was last; what is over and old is forgotten with its history', async () => {
    const { clock, store, put } = opened(await open())
    let alarm = put(raise(1))
    const kept = put(raise(2))
    for (let turn = 0; turn < 600; turn++) {
      const step = turn % 2 === 0 ? clearAlarm(alarm, POLICY, START_MS + turn) : raiseAgain(alarm, START_MS + turn)
      alarm = put(step)
      if (turn % 100 === 0) void store.durable()
    }
    await store.durable()
    expect(await store.get(alarm.id)).toEqual(alarm)
    expect(await store.history(alarm.id, 10_000)).toHaveLength(601)
    const ended = put(clearAlarm(alarm, POLICY, START_MS + 1_000))
    const seen = ackAlarm(ended, { actor: 'a', atMs: START_MS + 1_001, seq: ended.seq, version: ended.version })
    if (seen.kind !== 'done') throw new Error(seen.kind)
    put(seen.step)
    await store.durable()
    await clock.advance(10)
    await store.forget(clock.wallMs())
    expect(await store.get(alarm.id)).toBeNull()
    expect(await store.history(alarm.id, 10)).toEqual([])
    expect(await store.get(kept.id)).toEqual(kept)
    await store.stop()
  })

  test('alerts: what can not be written is said, kept, and written when it can be again', async () => {
    const at = await address()
    const broken = await open(at)
    const { store, put, problems } = opened(broken)
    await broken.close()
    const alarm = put(raise(1))
    await expect(store.durable()).rejects.toThrow()
    expect(problems).toHaveLength(1)
    expect(store.problem()).toContain('can not be written')
    expect(store.waiting()).toBe(1)
    expect((await store.history(alarm.id, 10).catch(() => [])).length).toBeLessThanOrEqual(1)
  })

  const draft = (more: Partial<RuleDraft> = {}): RuleDraft => ({
    id: 'my_rule',
    ...draftOf(SHIPPED_BY_ID.get('dead_chunk')!),
    ...more,
  })

  test('rules: every version is kept over restarts, numbers go on, and one that was deleted can be made anew', async () => {
    const at = await address()
    const first = await open(at)
    const clock = createManualClock(START_MS)
    const book = await openRuleBook(first, clock)
    await book.create(draft(), 'a')
    await book.change('my_rule', draft({ severity: 'critical' }), 1, 'b')
    await book.remove('my_rule', 2, 'c')
    await book.create(draft({ title: 'Anew' }), 'd')
    const shipped = SHIPPED_BY_ID.get('bus_lag')!
    await book.change('bus_lag', { ...shipped, enabled: false }, 0, 'a')
    await first.close()
    const again = await openRuleBook(await open(at), clock)
    expect(again.get('my_rule')).toMatchObject({ version: 4, title: 'Anew', saved_by: 'd' })
    expect(again.get('bus_lag')).toMatchObject({ version: 1, enabled: false })
    const { rules, more } = await again.versions('my_rule', 3)
    expect(rules.map((one) => [one.version, one.saved_by, one.change])).toEqual([
      [4, 'd', 'made'],
      [3, 'c', 'deleted'],
      [2, 'b', 'severity warning to critical'],
    ])
    expect(more).toBe(1)
    expect((await again.versions('bus_lag', 10)).rules.map(({ version }) => version)).toEqual([1, 0])
    const back = await again.revert('my_rule', 2, 4, 'e')
    expect(back).toMatchObject({ version: 5, severity: 'critical', saved_by: 'e' })
    expect(back.change).toMatch(/^back to version 2: /)
    await expect(again.revert('my_rule', 1, 4, 'f')).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
    // Taken back, a shipped rule is what ships, also as a version.
    await again.remove('bus_lag', 1, 'a')
    expect((await again.versions('bus_lag', 1)).rules[0]).toMatchObject({ version: 2, enabled: true })
  })

  test('rules: of two who write at once one is told, and an import that fails changes nothing', async () => {
    const book = await openRuleBook(await open(), createManualClock(START_MS))
    await book.create(draft(), 'a')
    const writes = ['critical', 'info'] as const
    const done = await Promise.allSettled(
      writes.map((severity) => book.change('my_rule', draft({ severity }), 1, severity)),
    )
    expect(done.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(book.get('my_rule')).toMatchObject({ version: 2 })
    const twice = { rules: [draft({ title: 'x' }), draft()], mode: 'merge', dry_run: false } as const
    await expect(book.take({ ...twice, rules: [...twice.rules] }, 'a')).rejects.toThrow('twice')
    expect(book.get('my_rule')).toMatchObject({ version: 2 })
  })

  const raiseAgain = (alarm: Alarm, atMs: number): AlarmStep => {
    const { severity, text, correlationId, evidence } = alarm
    return raiseAlarm(alarm, alarm, { severity, text, correlationId, evidence }, POLICY, atMs)
  }
}
