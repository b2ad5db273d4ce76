import { expect, test } from 'vitest'
import { AppError, toProblem } from '../../../../lib/contracts/appError.ts'
import { createLiveClient, type Connection, type LiveClientHandlers } from '../../../../lib/live/liveClient.ts'
import { reconnectDelayMs } from '../../../../lib/live/backoff.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { createFakeSocket, givenHello } from './liveFixture.ts'

const given = (handlers: Partial<LiveClientHandlers> = {}) => {
  const socket = createFakeSocket()
  const clock = createManualClock()
  const connections: Connection[] = []
  const classes: (number | null)[] = []
  const client = createLiveClient({
    openSocket: () => socket,
    clock,
    chance: () => 0.5,
    handlers: {
      onConnection: (connection) => void connections.push(connection),
      resumePoint: () => null,
      onHello: () => undefined,
      onStatus: () => undefined,
      onFrame: () => undefined,
      onViewClass: (classId) => void classes.push(classId),
      onRecords: () => 'ok',
      onRun: () => undefined,
      ...handlers,
    },
  })
  const settle = () => clock.advance(0)
  const goLive = async () => {
    client.start()
    socket.play('connect')
    socket.answer('hello', { ok: true, value: givenHello() })
    await settle()
  }
  return { socket, clock, client, connections, classes, settle, goLive }
}

test('says hello on connect and is live with the answer', async () => {
  const { client, socket, connections, goLive } = given()
  await goLive()
  expect(socket.asked[0]).toMatchObject({ event: 'hello', request: { resume: null } })
  expect(connections.map((connection) => connection.kind)).toEqual(['connecting', 'live'])
  expect(client.connection.kind).toBe('live')
})

test('counts attempts, waits longer each time, and tries at once when told to', async () => {
  const { client, socket, clock, goLive } = given()
  await goLive()
  socket.play('disconnect', 'transport close')
  expect(client.connection).toMatchObject({ kind: 'reconnecting', attempt: 1, cause: 'transport close' })
  await clock.advance(50)
  expect(socket.connects).toBe(2)
  socket.play('connect_error', new Error('refused'))
  expect(client.connection).toMatchObject({ kind: 'reconnecting', attempt: 2, cause: 'refused' })
  client.retryNow()
  expect(socket.connects).toBe(3)
})

test('resumes with the point it is given and sends the view again after reconnecting', async () => {
  const { client, socket, clock, classes, settle, goLive } = given({ resumePoint: () => ({ epoch: 'e1', offset: 7 }) })
  await goLive()
  const view = { run_id: 'r', precision: 'exact', metric: 'health_score', max_hz: 20 } as const
  client.setView(view)
  socket.answer('view', { ok: true, value: { class_id: 3 } })
  await settle()
  expect(classes.at(-1)).toBe(3)
  socket.play('disconnect', 'ping timeout')
  await clock.advance(100)
  socket.play('connect')
  expect(socket.asked.findLast((question) => question.event === 'hello')?.request).toMatchObject({
    resume: { epoch: 'e1', offset: 7 },
  })
  socket.answer('hello', { ok: true, value: givenHello() })
  await settle()
  expect(socket.asked.findLast((question) => question.event === 'view')?.request).toEqual(view)
  expect(classes.at(-1)).toBe(null)
})

test('is refused, and does not try again, when the server no longer understands it', async () => {
  const { client, socket, clock, settle } = given()
  client.start()
  socket.play('connect')
  socket.answer('hello', { ok: false, problem: toProblem(new AppError('STATE_PROTOCOL', 'protocol 1 is gone')) })
  await settle()
  expect(client.connection).toMatchObject({ kind: 'refused' })
  await clock.advance(60_000)
  expect(socket.connects).toBe(1)
})

test('says hello again when records have a hole, and ignores records while a hello is open', async () => {
  let seen = 0
  const { socket, goLive } = given({
    onRecords: () => {
      seen += 1
      return 'hole'
    },
  })
  await goLive()
  const hellos = () => socket.asked.filter((question) => question.event === 'hello').length
  socket.play('records', { epoch: 'e1', records: [] })
  expect(hellos()).toBe(2)
  socket.play('records', { epoch: 'e1', records: [] })
  expect(seen).toBe(1)
})

test('a question without an answer ends by time, with a problem', async () => {
  const { client, clock, goLive } = given()
  await goLive()
  const asked = client.inspect({ run_id: 'r', layer_id: 'l', seed_id: 0 })
  await clock.advance(5_000)
  expect(await asked).toMatchObject({ ok: false, problem: { code: 'BUS_UNAVAILABLE' } })
})

test('a hello that is never answered leads to another try, not to a page that waits for ever', async () => {
  const { client, socket, clock } = given()
  client.start()
  socket.play('connect')
  await clock.advance(5_000)
  expect(client.connection.kind).toBe('reconnecting')
})

test('server time comes from the fastest probes and runs on while disconnected', async () => {
  const { client, socket, clock, settle, goLive } = given()
  await goLive()
  await clock.advance(0)
  const sentMs = clock.wallMs()
  await clock.advance(10)
  socket.answer('clock', { ok: true, value: { server_ms: sentMs + 5 + 2_000 } })
  await settle()
  socket.play('disconnect', 'transport close')
  const before = client.serverNowMs()
  await clock.advance(40)
  expect(client.serverNowMs() - before).toBeCloseTo(40, 3)
})

test('the wait starts at 20 to 50 ms and never exceeds 10 s', () => {
  for (const chance of [0, 0.3, 0.999]) {
    expect(reconnectDelayMs(1, chance)).toBeGreaterThanOrEqual(20)
    expect(reconnectDelayMs(1, chance)).toBeLessThanOrEqual(50)
    expect(reconnectDelayMs(40, chance)).toBeLessThanOrEqual(10_000)
    expect(reconnectDelayMs(40, chance)).toBeGreaterThanOrEqual(7_500)
  }
})
