/*
 * hostileTraffic: requests, events and packets that nobody meant, to a whole server: half requests, a quarter events, a quarter packets.
 * In: how many, a seed. Out: how many were answered by a failure or not at all, with examples; what escaped from the server.
 * Invariant: the same seed sends the same; the server is one process with the sender, so whatever escapes from it is seen here.
 * Source: docs/protocol.md; docs/security.md "access".
 */
import { io, type Socket } from 'socket.io-client'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { LIVE_EVENT_SCHEMAS } from '../../lib/contracts/socketEvents.ts'
import { SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import { startTestServer } from '../support/serverHarness.ts'

export interface HostileOptions {
  readonly frames: number
  readonly seed: number
  readonly say?: (line: string) => void
}

export interface HostileReport {
  readonly requests: number
  readonly events: number
  readonly packets: number
  /** Answered by a failure, without words, or not at all. */
  readonly wrong: number
  /** Exceptions and rejections that nobody caught. */
  readonly escaped: number
  /** Requests or events that the server no longer took at the end. */
  readonly dead: number
  readonly examples: readonly string[]
  readonly statuses: Readonly<Record<string, number>>
  readonly codes: Readonly<Record<string, number>>
  readonly seconds: number
}

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

function anyRequest(dice: Dice, url: string): { path: string; init: RequestInit } {
  const route = dice.pick(ROUTES)
  const part = () => encodeURIComponent(dice.pick(TEXTS).toWellFormed().slice(0, 300)) || 'x'
  const path = route.path.replaceAll(/\{\w+\}/g, part)
  const query = Array.from(
    { length: dice.below(4) },
    () => `${dice.pick(['run', 'from', 'to', 'metric', 'limit', part()])}=${part()}`,
  )
  const method = dice.below(3) === 0 ? dice.pick(METHODS) : route.method
  const headers: Record<string, string> = { origin: url }
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

const EVENTS = [...Object.keys(LIVE_EVENT_SCHEMAS), 'nothing.of.this.name', '__proto__', 'disconnect', 'connect']

async function hostileSession(
  url: string,
  dice: Dice,
  frames: number,
  wrong: string[],
  codes: Record<string, number>,
): Promise<void> {
  const socket: Socket = io(`${url}/live`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: { origin: url },
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
function rawSession(base: string, dice: Dice, frames: number): Promise<void> {
  return new Promise((resolve) => {
    const url = `${base.replace('http', 'ws')}${SOCKET_PATH}/?EIO=4&transport=websocket`
    const raw = new WebSocket(url, { headers: { origin: base } } as never)
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

const AT_ONCE = 10
const SAID_EVERY = 50_000

/** Runs it. */
export async function runHostileTraffic({
  frames,
  seed,
  say = () => undefined,
}: HostileOptions): Promise<HostileReport> {
  const startMs = performance.now()
  const escaped: unknown[] = []
  const onEscape = (error: unknown): void => void escaped.push(error)
  process.on('uncaughtException', onEscape)
  process.on('unhandledRejection', onEscape)
  const server = await startTestServer({}, { maxPerAddress: 100_000 })
  const { url } = server
  const wrong: string[] = []
  const statuses: Record<number, number> = {}
  const codes: Record<string, number> = {}
  const [requests, events] = [Math.ceil(frames / 2), Math.ceil(frames / 4)]
  const packets = frames - requests - events

  const one = async ({ path, init }: { path: string; init: RequestInit }): Promise<void> => {
    const response = await fetch(url + path, init)
    const text = await response.text()
    statuses[response.status] = (statuses[response.status] ?? 0) + 1
    const known = response.status < 500 || response.status === 503
    const coded = /"code":"(?!INTERNAL)[A-Z_]+"/.test(text)
    // The stop may be a plain form: it is answered by a page in words.
    const worded = path.startsWith('/api/emergency-stop') && text.startsWith('<!doctype html>')
    const free = response.status < 400 || init.method === 'OPTIONS' || path.startsWith('/api/health')
    if (!known || !(free || coded || worded))
      wrong.push(`${init.method} ${path.slice(0, 120)}: ${response.status} ${text.slice(0, 120)}`)
  }
  try {
    let dice = createDice(seed)
    for (let sent = 0; sent < requests; sent += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, requests - sent) }, () => one(anyRequest(dice, url))))
      if (sent % SAID_EVERY === 0 && sent > 0) say(`${sent} of ${requests} requests, ${wrong.length} wrong`)
    }
    dice = createDice(seed + 1)
    for (let sent = 0; sent < events; sent += 50) {
      await hostileSession(url, dice, Math.min(50, events - sent), wrong, codes)
      if (sent % SAID_EVERY === 0 && sent > 0) say(`${sent} of ${events} events, ${wrong.length} wrong`)
    }
    dice = createDice(seed + 2)
    for (let sent = 0; sent < packets; sent += AT_ONCE) {
      await rawSession(url, dice, Math.min(AT_ONCE, packets - sent))
      if (sent % SAID_EVERY === 0 && sent > 0) say(`${sent} of ${packets} packets, ${escaped.length} escaped`)
    }
    // Whoever comes afterwards is served as before.
    const { status } = await server.get('/api/health/live')
    const after: string[] = []
    await hostileSession(url, createDice(seed + 3), 5, after, {})
    const polluted = ({} as Record<string, unknown>)['x'] === undefined ? 0 : 1
    return {
      requests,
      events,
      packets,
      wrong: wrong.length,
      escaped: escaped.length,
      dead: (status === 200 ? 0 : 1) + after.length + polluted,
      examples: [...wrong, ...escaped.map(String)].slice(0, 20),
      statuses,
      codes,
      seconds: (performance.now() - startMs) / 1_000,
    }
  } finally {
    await server.end()
    process.off('uncaughtException', onEscape)
    process.off('unhandledRejection', onEscape)
  }
}
