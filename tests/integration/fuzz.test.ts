import { afterAll, beforeAll, expect, test } from 'vitest'
import { io, type Socket } from 'socket.io-client'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { LIVE_EVENT_SCHEMAS } from '../../lib/contracts/socketEvents.ts'
import { SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'

/** Half of them requests, half of them frames. More: FUZZ=1000000 npm test. */
const FUZZ = Number(process.env['FUZZ'] ?? 10_000)

let server: TestServer
const escaped: unknown[] = []
const onEscape = (error: unknown): void => void escaped.push(error)
beforeAll(async () => {
  process.on('uncaughtException', onEscape)
  process.on('unhandledRejection', onEscape)
  server = await startTestServer({}, { maxPerAddress: 100_000 })
})
afterAll(async () => {
  await server.end()
  process.off('uncaughtException', onEscape)
  process.off('unhandledRejection', onEscape)
})

/** The same numbers in every run. */
function createDice(seed: number) {
  let state = seed
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  return { below, pick: <T>(list: readonly T[]): T => list[below(list.length)]! }
}
type Dice = ReturnType<typeof createDice>

const TEXTS = [
  '',
  '\0',
  '\u202e',
  '../../etc/passwd',
  '%00',
  "' or 1=1 --",
  '<script>',
  '__proto__',
  '\ud800',
  '💥',
  'x'.repeat(3_000),
  '1e400',
  '-0',
  '${7*7}',
  '\r\nset-cookie: a=b',
]
const NUMBERS = [0, -0, -1, 1.5, 2 ** 53, -(2 ** 53) - 1, 1e308, Number.MIN_VALUE, NaN, Infinity]

function anything(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 4 ? 5 : 8)) {
    case 0:
      return null
    case 1:
      return dice.below(2) === 0
    case 2:
      return dice.pick(NUMBERS)
    case 3:
    case 4:
      return dice.pick(TEXTS)
    case 5:
      return Array.from({ length: dice.below(6) }, () => anything(dice, depth + 1))
    case 6: {
      let nested: unknown = 'deep'
      for (let at = 0; at < 200; at++) nested = { a: nested }
      return nested
    }
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(5) }, () => [
          dice.pick([
            'run_id',
            'layer_id',
            'version',
            'limits',
            'protocol',
            '__proto__',
            'constructor',
            dice.pick(TEXTS),
          ]),
          anything(dice, depth + 1),
        ]),
      )
  }
}

const METHODS = ['GET', 'GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']
const ROUTES = Object.values(HTTP_API)
const TYPES = ['application/json', 'application/json', 'text/plain', 'application/x-www-form-urlencoded', 'x']

function anyRequest(dice: Dice): { path: string; init: RequestInit } {
  const route = dice.pick(ROUTES)
  const part = () => encodeURIComponent(dice.pick(TEXTS).toWellFormed().slice(0, 300)) || 'x'
  const path = route.path.replaceAll(/\{\w+\}/g, part)
  const query = Array.from(
    { length: dice.below(4) },
    () => `${dice.pick(['run', 'from', 'to', 'metric', 'limit', part()])}=${part()}`,
  )
  const method = dice.below(3) === 0 ? dice.pick(METHODS) : route.method
  const headers: Record<string, string> = { origin: server.url }
  if (dice.below(4) === 0) headers['authorization'] = `Bearer ${part()}`
  if (dice.below(4) === 0) headers['cookie'] = `morphoscope_demo=${part()}; morphoscope_session=${part()}`
  if (dice.below(8) === 0) headers['x-forwarded-for'] = part()
  const carries = method === 'POST' || method === 'PUT' || method === 'PATCH'
  if (carries) headers['content-type'] = dice.pick(TYPES)
  const json = () => JSON.stringify(anything(dice)) ?? ''
  const body = carries ? dice.pick([json(), json(), json().slice(1), '{', '\u0000\u0001', '[['.repeat(50_000)]) : null
  return {
    path: `${path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
    init: { method, headers, body, redirect: 'manual' },
  }
}

test(`${FUZZ / 2} hostile requests are each answered by a clear word, and none by a failure`, async () => {
  const dice = createDice(1)
  const wrong: string[] = []
  const statuses: Record<number, number> = {}
  const one = async ({ path, init }: { path: string; init: RequestInit }): Promise<void> => {
    const response = await fetch(server.url + path, init)
    const text = await response.text()
    statuses[response.status] = (statuses[response.status] ?? 0) + 1
    const known = response.status < 500 || response.status === 503
    const coded = /"code":"(?!INTERNAL)[A-Z_]+"/.test(text)
    // The stop may be a plain form: it is answered by a page in words.
    const worded = path.startsWith('/api/emergency-stop') && text.startsWith('<!doctype html>')
    const free = response.status < 400 || init.method === 'OPTIONS' || path.startsWith('/api/health')
    const clear = free || coded || worded
    if (!known || !clear) wrong.push(`${init.method} ${path.slice(0, 120)}: ${response.status} ${text.slice(0, 120)}`)
  }
  for (let sent = 0; sent < FUZZ / 2; sent += 10)
    await Promise.all(Array.from({ length: 10 }, () => one(anyRequest(dice))))
  process.stdout.write(`fuzz: ${FUZZ / 2} requests, ${JSON.stringify(statuses)}\n`)
  expect(wrong.slice(0, 20)).toEqual([])
  expect(escaped).toEqual([])
}, 3_600_000)

const EVENTS = [...Object.keys(LIVE_EVENT_SCHEMAS), 'nothing.of.this.name', '__proto__', 'disconnect', 'connect']

async function hostileSession(
  dice: Dice,
  frames: number,
  wrong: string[],
  codes: Record<string, number>,
): Promise<void> {
  const socket: Socket = io(`${server.url}/live`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: { origin: server.url },
  })
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()).once('connect_error', () => resolve()))
  const answers: Promise<void>[] = []
  for (let at = 0; at < frames; at++) {
    const event = dice.pick(EVENTS)
    const values = Array.from({ length: dice.below(3) }, () => anything(dice))
    if (dice.below(5) === 0 || !(event in LIVE_EVENT_SCHEMAS) || event === '__proto__') {
      // Reserved names throw in the client: they are sent as raw packets below.
      if (event !== 'disconnect' && event !== 'connect') socket.emit(event, ...values)
      continue
    }
    answers.push(
      socket
        .timeout(20_000)
        .emitWithAck(event, ...values)
        .then(
          (answer: { ok?: unknown; problem?: { code?: string } }) => {
            const code = answer.ok === true ? 'ok' : (answer.problem?.code ?? 'none')
            codes[code] = (codes[code] ?? 0) + 1
            if (code === 'none' || code === 'INTERNAL')
              wrong.push(`${event} ${JSON.stringify(values)?.slice(0, 100)}: ${code}`)
          },
          () => void wrong.push(`${event}: no answer`),
        ),
    )
  }
  await Promise.all(answers)
  socket.disconnect()
}

test(`${FUZZ / 4} hostile events are each acknowledged, with ok or the code of what was wrong`, async () => {
  const dice = createDice(2)
  const wrong: string[] = []
  const codes: Record<string, number> = {}
  for (let sent = 0; sent < FUZZ / 4; sent += 50) await hostileSession(dice, 50, wrong, codes)
  process.stdout.write(`fuzz: events ${JSON.stringify(codes)}\n`)
  expect(wrong.slice(0, 20)).toEqual([])
  expect(escaped).toEqual([])
}, 3_600_000)

const PACKETS = [
  '40/live,',
  '42/live,',
  '421/live,',
  '43/live,1',
  '451-/live,',
  '41/live,',
  '44',
  '2',
  '3',
  '0',
  '6',
  '4',
  '5',
  '',
]
const PAYLOADS = [
  '[]',
  '["hello"]',
  '["hello",null]',
  '[null]',
  '[1,2]',
  '{}',
  '{"__proto__":1}',
  '["view",{"_placeholder":true,"num":0}]',
  '["connect"]',
  '["disconnect"]',
  '["newListener",1]',
  '[',
  '"',
  '\u0000',
  '['.repeat(20_000),
  `["hello","${'x'.repeat(60_000)}"]`,
  '["clock",1e400]',
  '["__proto__",1]',
]

/** Speaks the transport itself: packets that no client of ours would send. */
function rawSession(dice: Dice, frames: number): Promise<void> {
  return new Promise((resolve) => {
    const url = `${server.url.replace('http', 'ws')}${SOCKET_PATH}/?EIO=4&transport=websocket`
    const raw = new WebSocket(url, { headers: { origin: server.url } } as never)
    raw.binaryType = 'arraybuffer'
    raw.addEventListener('error', () => resolve())
    raw.addEventListener('close', () => resolve())
    raw.addEventListener('open', () => {
      for (let at = 0; at < frames && raw.readyState === raw.OPEN; at++) {
        const text = dice.pick(PACKETS) + dice.pick(PAYLOADS)
        raw.send(dice.below(6) === 0 ? Buffer.from(text) : text)
      }
      raw.send('1')
      raw.close()
    })
  })
}

test(`${FUZZ / 4} hostile packets below the events end at most their own connection`, async () => {
  const dice = createDice(3)
  for (let sent = 0; sent < FUZZ / 4; sent += 10) await rawSession(dice, 10)
  const { status } = await server.get('/api/health/live')
  expect(status).toBe(200)
  const after = createDice(4)
  const wrong: string[] = []
  await hostileSession(after, 5, wrong, {})
  expect(wrong).toEqual([])
  expect(escaped).toEqual([])
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
}, 3_600_000)
