import { expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../../../lib/contracts/appError.ts'
import { createLogger } from '../../../../server/logger.ts'
import { ANONYMOUS, permissionsOf } from '../../../../server/operators/subject.ts'
import { bindHandlers, type EventSocket } from '../../../../server/sockets/bindHandlers.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const viewer = { ...ANONYMOUS, name: 'v', method: 'password' as const, permissions: permissionsOf(['viewer']) }
const table = {
  add: { schema: z.object({ a: z.number(), b: z.number() }), permission: 'viewer' },
  boom: { schema: z.unknown(), permission: 'viewer' },
  known: { schema: z.unknown(), permission: 'viewer' },
  locked: { schema: z.unknown(), permission: 'operator' },
} as const

function open(eventsPerSecond = 1_000) {
  const listeners = new Map<string, (...values: unknown[]) => void>()
  const refused: string[] = []
  const lines: string[] = []
  const clock = createManualClock()
  const socket: EventSocket = { id: 's', on: (event, listener) => listeners.set(event, listener) }
  bindHandlers({
    socket,
    table,
    subject: () => viewer,
    clock,
    logger: createLogger({ level: 'error', format: 'json', write: (line) => void lines.push(line) }),
    eventsPerSecond,
    onRefused: (code) => void refused.push(code),
    handlers: {
      add: ({ a, b }) => a + b,
      boom: () => {
        throw new Error('secret detail')
      },
      known: () => Promise.reject(new AppError('STATE_NOT_FOUND', 'not there', { path: 'x' })),
      locked: () => 1,
    },
  })
  const ask = (event: string, ...values: unknown[]) =>
    new Promise<Record<string, unknown>>((resolve) => listeners.get(event)!(...values, resolve))
  return { ask, listeners, refused, lines, clock }
}

test('answers each event exactly once: ok, or a problem with its code and path', async () => {
  const { ask, lines } = open()
  expect(await ask('add', { a: 1, b: 2 })).toEqual({ ok: true, value: 3 })
  expect(await ask('add', { a: 1, b: 'x' })).toMatchObject({ problem: { code: 'CONTRACT_INVALID', path: 'add.b' } })
  for (const values of [[], [null], [undefined], [1, 2], [{ a: 1, b: 2 }, 'more']])
    expect(await ask('add', ...values)).toMatchObject({ ok: false, problem: { code: 'CONTRACT_INVALID' } })
  expect(await ask('locked', 1)).toMatchObject({ problem: { code: 'GUARD_FORBIDDEN' } })
  expect(await ask('known', 1)).toMatchObject({ problem: { code: 'STATE_NOT_FOUND', path: 'x' } })
  const boom = await ask('boom', 1)
  expect(boom).toMatchObject({ ok: false, problem: { code: 'INTERNAL' } })
  expect(JSON.stringify(boom)).not.toContain('secret detail')
  expect(lines.join('')).toContain('secret detail')
})

test('an event without an acknowledgement is counted and not run, and a throwing acknowledgement harms nobody', async () => {
  const { listeners, refused, ask } = open()
  for (const values of [[], [{ a: 1, b: 2 }], [null], ['x']]) listeners.get('add')!(...values)
  expect(refused).toHaveLength(4)
  listeners.get('add')!({ a: 1, b: 2 }, () => {
    throw new Error('client gone')
  })
  expect(await ask('add', { a: 2, b: 2 })).toEqual({ ok: true, value: 4 })
})

test('limits events per second and refills with time', async () => {
  const { ask, clock } = open(3)
  const codes = async (n: number) =>
    Promise.all(Array.from({ length: n }, async () => ((await ask('add', { a: 1, b: 1 }))['ok'] === true ? 1 : 0)))
  expect((await codes(5)).reduce<number>((sum, one) => sum + one, 0)).toBe(3)
  await clock.advance(1_000)
  expect((await codes(5)).reduce<number>((sum, one) => sum + one, 0)).toBe(3)
})
