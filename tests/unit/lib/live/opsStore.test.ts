import { expect, test } from 'vitest'
import type { CommandRecord, OpsStatus } from '../../../../lib/contracts/httpCommands.ts'
import type { StopMatrix } from '../../../../lib/contracts/httpStops.ts'
import { OPS_NAMESPACE } from '../../../../lib/contracts/socketNames.ts'
import { createOpsStore } from '../../../../lib/live/opsStore.ts'
import type { LiveSocket } from '../../../../lib/live/liveClient.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const record = (id: string, updated: number, final = false): CommandRecord =>
  ({ id, updated_at: new Date(updated).toISOString(), final }) as unknown as CommandRecord
const status = (serverMs: number): OpsStatus => ({ server_ms: serverMs }) as unknown as OpsStatus

function line() {
  const handlers = new Map<string, (...values: unknown[]) => void>()
  const emitted: unknown[][] = []
  const socket: LiveSocket = {
    on: (event, handler) => void handlers.set(event, handler),
    emit: (...values) => void emitted.push(values),
    connect: () => undefined,
    disconnect: () => undefined,
  }
  return { socket, emitted, push: (event: string, ...values: unknown[]) => handlers.get(event)?.(...values) }
}

function started() {
  const one = line()
  const opened: string[] = []
  const store = createOpsStore({
    openSocket: (namespace) => {
      opened.push(namespace)
      return one.socket
    },
    clock: createManualClock(),
  })
  store.start()
  return { ...one, store, opened }
}

const answerHello = ({ emitted }: ReturnType<typeof started>, open: readonly CommandRecord[]): void => {
  const ack = emitted.find(([event]) => event === 'hello')?.[2] as (answer: unknown) => void
  ack({ ok: true, value: { status: status(5_000), open, stops: [], alerts: { counts: { open: 1 } } } })
}

test('says hello on the namespace of operations and takes what is open from the answer', () => {
  const parts = started()
  expect(parts.opened).toEqual([OPS_NAMESPACE])
  expect(parts.store.get().status).toBeNull()
  parts.push('connect')
  answerHello(parts, [record('a', 1)])
  const picture = parts.store.get()
  expect(picture.line).toBe('up')
  expect([...picture.commands.keys()]).toEqual(['a'])
  expect(picture.alerts?.counts.open).toBe(1)
  expect(picture.offsetMs).toBe(5_000 - picture.statusAtMs!)
})

test('of two records of one command the newer stays, whichever comes last', () => {
  const parts = started()
  parts.push('command', record('a', 20))
  parts.push('command', record('a', 10))
  expect(parts.store.get().commands.get('a')?.updated_at).toBe(new Date(20).toISOString())
  parts.store.take(record('a', 30, true))
  expect(parts.store.get().commands.get('a')?.final).toBe(true)
})

test('keeps a bounded number of ended commands and every open one', () => {
  const parts = started()
  parts.push('command', record('open', 1))
  for (let n = 0; n < 1_000; n++) parts.push('command', record(`done ${n}`, n, true))
  const { commands } = parts.store.get()
  expect(commands.size).toBeLessThanOrEqual(401)
  expect(commands.has('open')).toBe(true)
  expect(commands.has('done 999')).toBe(true)
})

test('a refused hello is told in its words and leaves everything unknown', () => {
  const parts = started()
  parts.push('connect')
  const ack = parts.emitted[0]?.[2] as (answer: unknown) => void
  ack({ ok: false, problem: { detail: 'not signed in' } })
  expect(parts.store.get()).toMatchObject({ line: 'down', problem: 'not signed in', status: null })
})

test('a stop goes over the line only while it is up', () => {
  const parts = started()
  expect(parts.store.sendStop('all', 'key-12345')).toBe(false)
  parts.push('connect')
  answerHello(parts, [])
  expect(parts.store.sendStop(['layer_1'], 'key-12345')).toBe(true)
  expect(parts.emitted.at(-1)?.slice(0, 2)).toEqual(['stop', { scope: ['layer_1'], key: 'key-12345' }])
  parts.push('disconnect')
  expect(parts.store.sendStop('all', 'key-12345')).toBe(false)
})

test('tells subscribers of each change, and matrices by their stop', () => {
  const parts = started()
  let told = 0
  const undo = parts.store.subscribe(() => told++)
  parts.push('stop', { id: 's1', missing: 1 } as unknown as StopMatrix)
  parts.push('stop', { id: 's1', missing: 0 } as unknown as StopMatrix)
  expect(told).toBe(2)
  expect(parts.store.get().stops.get('s1')?.missing).toBe(0)
  undo()
  parts.push('status', status(1))
  expect(told).toBe(2)
})

test('a push about alerts brings the summary with its moment, and every listener hears it', () => {
  const parts = started()
  const heard: number[] = []
  const undo = parts.store.onAlerts((changed) => heard.push(changed.more))
  expect(parts.store.get()).toMatchObject({ alerts: null, alertsAtMs: null })
  const push = (more: number, open: number) =>
    parts.push('alerts', { changed: [], more, rules_changed: false, summary: { counts: { open } } })
  push(0, 3)
  push(7, 4)
  undo()
  push(9, 5)
  expect(heard).toEqual([0, 7])
  expect(parts.store.get().alerts?.counts.open).toBe(5)
  expect(parts.store.get().alertsAtMs).not.toBeNull()
})
