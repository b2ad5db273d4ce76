import { expect, test, vi } from 'vitest'
import { createActStore } from '../../../../components/alerts/actStore.ts'
import { createAlertDoor, type AlertDoor } from '../../../../components/alerts/alertDoor.ts'
import type { AlertItem } from '../../../../lib/contracts/alerts.ts'
import type { AlertList, GroupAckAnswer } from '../../../../lib/contracts/httpAlerts.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { alertOf, groupOf, second } from './alertFixture.ts'

interface Asked {
  readonly act: string
  readonly id: string
  readonly version: number
  readonly body: unknown
  answer(alert: AlertItem): void
  refuse(code: string, text: string): void
}

function bench(groupAnswer?: GroupAckAnswer) {
  const clock = createManualClock()
  const asked: Asked[] = []
  let answered = 0
  const door: AlertDoor = {
    act: (act, alert, body) =>
      new Promise((resolve, reject) => {
        asked.push({
          act,
          id: alert.id,
          version: alert.version,
          body,
          answer: resolve,
          refuse: (code, text) => reject(Object.assign(new Error(text), { problem: { status: null, code, text } })),
        })
      }),
    ackGroup: () => (groupAnswer ? Promise.resolve(groupAnswer) : Promise.reject(new Error('no group'))),
  }
  const store = createActStore({
    door,
    clock,
    problemOf: (error) =>
      (error as { problem?: { status: number | null; code: string; text: string } }).problem ?? null,
    after: () => answered++,
  })
  return { clock, asked, store, answered: () => answered }
}

test('an acknowledgement is shown as being sent at once, and as done only after the server said so', async () => {
  const { store, asked, answered } = bench()
  const done = store.run('ack', [alertOf('a')])
  expect(store.get().sending.get('a')).toBe('ack')
  expect(store.get().newest.size).toBe(0)
  asked[0]!.answer(alertOf('a', { state: 'acked_active', acked_by: 'demo-1', version: 2 }))
  await done
  expect(store.get().sending.size).toBe(0)
  expect(store.get().newest.get('a')?.state).toBe('acked_active')
  expect(store.get().said.text).toBe('Acknowledged: alert a')
  expect(answered()).toBe(1)
})

test('a failure takes the mark away, says why, and can be tried again with the same words', async () => {
  const { store, asked } = bench()
  const done = store.run('note', [alertOf('a')], { note: 'looking' })
  asked[0]!.refuse('RECORDS_UNAVAILABLE', 'The records can not be written.')
  await done
  expect(store.get().sending.size).toBe(0)
  expect(store.get().failed.get('a')).toMatchObject({
    kind: 'failed',
    act: 'note',
    body: { note: 'looking' },
    text: 'The records can not be written.',
  })
  expect(store.get().undo).toBeNull()
  const again = store.run('note', [alertOf('a')], { note: 'looking' })
  expect(store.get().failed.size).toBe(0)
  asked[1]!.answer(alertOf('a', { note: 'looking', version: 2 }))
  await again
})

test('who comes second is told who was first, which is no failure', async () => {
  const { store, asked } = bench()
  const done = store.run('ack', [alertOf('a')])
  asked[0]!.refuse('ALERT_CHANGED', 'J. Ortiz acknowledged 2 s before you.')
  await done
  expect(store.get().failed.get('a')).toMatchObject({ kind: 'lost', text: 'J. Ortiz acknowledged 2 s before you.' })
  expect(store.get().said.text).toBe('J. Ortiz acknowledged 2 s before you.')
})

test('a second press while the first is on its way sends nothing', async () => {
  const { store, asked } = bench()
  const done = store.run('ack', [alertOf('a')])
  await store.run('ack', [alertOf('a')])
  expect(asked).toHaveLength(1)
  asked[0]!.answer(alertOf('a', { version: 2 }))
  await done
})

test('a note that is written while its acknowledgement is on the way follows it, on the version it brought', async () => {
  const { store, asked } = bench()
  const acked = store.run('ack', [alertOf('a')])
  const noted = store.run('note', [alertOf('a')], { note: 'looking' })
  expect(asked.map(({ act }) => act)).toEqual(['ack'])
  asked[0]!.answer(alertOf('a', { state: 'acked_active', version: 2 }))
  await acked
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  expect(asked[1]).toMatchObject({ act: 'note', version: 2, body: { note: 'looking' } })
  asked[1]!.answer(alertOf('a', { state: 'acked_active', version: 3, note: 'looking' }))
  await noted
  expect(store.get().newest.get('a')?.note).toBe('looking')
  expect(store.get().sending.size).toBe(0)
})

test('for ten seconds it can be taken back, on the version the answer told; then no longer', async () => {
  const { store, asked, clock } = bench()
  const done = store.run('ack', [alertOf('a')])
  asked[0]!.answer(alertOf('a', { version: 7, state: 'acked_active' }))
  await done
  await clock.advance(9_900)
  const undone = store.undo()
  expect(asked[1]).toMatchObject({
    act: 'unack',
    id: 'a',
    version: 7,
    body: { reason: 'taken back within ten seconds' },
  })
  asked[1]!.answer(alertOf('a', { version: 8 }))
  expect(await undone).toBe(true)
  expect(store.get().undo).toBeNull()
  const again = store.run('ack', [alertOf('a', { version: 8 })])
  asked[2]!.answer(alertOf('a', { version: 9, state: 'acked_active' }))
  await again
  await clock.advance(10_000)
  expect(store.get().undo).toBeNull()
  expect(await store.undo()).toBe(false)
  expect(clock.openTimers).toBe(0)
})

test('while a newer act is on its way the one before can no longer be taken back: the key would mean the wrong one', async () => {
  const { store, asked } = bench()
  const first = store.run('ack', [alertOf('a')])
  asked[0]!.answer(alertOf('a', { version: 2, state: 'acked_active' }))
  await first
  const second_ = store.run('ack', [alertOf('b')])
  expect(await store.undo()).toBe(false)
  asked[1]!.answer(alertOf('b', { version: 2, state: 'acked_active' }))
  await second_
  expect(store.get().undo?.targets.map(({ id }) => id)).toEqual(['b'])
})

test('an older answer never replaces a newer one', async () => {
  const { store, asked } = bench()
  const first = store.run('note', [alertOf('a')], { note: 'one' })
  asked[0]!.answer(alertOf('a', { version: 5, note: 'one' }))
  await first
  const second_ = store.run('assign', [alertOf('a')], { to: 'demo-2' })
  expect(asked[1]!.version).toBe(5)
  asked[1]!.answer(alertOf('a', { version: 4 }))
  await second_
  expect(store.get().newest.get('a')?.note).toBe('one')
})

test('of many at once what worked can be taken back and what did not says why', async () => {
  const { store, asked } = bench()
  const done = store.run('ack', [alertOf('a'), alertOf('b')])
  asked[0]!.answer(alertOf('a', { version: 2 }))
  asked[1]!.refuse('NETWORK', 'The server can not be reached.')
  await done
  expect(store.get().undo?.targets.map(({ id }) => id)).toEqual(['a'])
  expect(store.get().failed.get('b')?.text).toBe('The server can not be reached.')
  expect(store.get().said.isProblem).toBe(true)
})

test('a group says how many were acknowledged, lost and came meanwhile; only what was acknowledged is taken back', async () => {
  const { store, asked } = bench({
    acked: 2,
    lost: [{ id: 'z', text: 'changed' }],
    lost_count: 1,
    new: 4,
    versions: [
      { id: 'a', version: 2, seq: 1 },
      { id: 'b', version: 3, seq: 1 },
    ],
  })
  await store.ackGroup(groupOf('layer_0', { text: 'layer 0', unacked: 3 }))
  expect(store.get().said.text).toBe(
    'Acknowledged 2 in "layer 0"; 1 were changed by somebody else meanwhile; 4 came meanwhile and are not acknowledged',
  )
  const undone = store.undo()
  expect(asked.map(({ act, id, version }) => `${act} ${id} ${version}`)).toEqual(['unack a 2', 'unack b 3'])
  for (const one of asked) one.answer(alertOf(one.id, { version: one.version + 1 }))
  await undone
})

test('a group is acknowledged page by page, as it was counted: what came later is not named', async () => {
  const sent: { url: string; body: unknown }[] = []
  const page = (alerts: readonly AlertItem[], next: string | null): AlertList =>
    ({ alerts, next }) as unknown as AlertList
  const ask = (async (url: string, init: { body?: unknown } = {}) => {
    sent.push({ url, body: init.body })
    if (url.endsWith('/groups/ack')) return { acked: 2, lost: [], lost_count: 0, new: 1, versions: [] }
    return url.includes('cursor=c1')
      ? page([alertOf('b', { raised_at: second(5) }), alertOf('late', { raised_at: second(6) })], null)
      : page([alertOf('a'), alertOf('mine', { state: 'acked_active' })], 'c1')
  }) as never
  await createAlertDoor(ask).ackGroup(groupOf('layer_0', { newest_at: second(5) }))
  expect(sent.map(({ url }) => url.split('?')[0])).toEqual(['/api/alerts', '/api/alerts', '/api/alerts/groups/ack'])
  expect(sent[2]!.body).toEqual({
    group: 'layer_0',
    versions: [
      { id: 'a', version: 1, seq: 1 },
      { id: 'b', version: 1, seq: 1 },
    ],
  })
})
