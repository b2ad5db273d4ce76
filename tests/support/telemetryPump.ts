/*
 * telemetryPump: a process that fills the bus with telemetry at a set rate, to see what else still gets through.
 * In: argv url, messages per second, bytes. Out: each second one message with how many Redis accepted.
 * Invariant: what Redis does not take in time is not sent later: the rate that was reached is told, never assumed. Written as plain bytes, so
 * that the load costs its server and not itself.
 * Source: docs/performance.md "emergency stop".
 */
import { connect, type Socket } from 'node:net'
import { systemClock as clock } from '../../lib/primitives/clock.ts'

const [, , urlText = '', rateText = '20000', bytesText = '1024'] = process.argv
const TURN_MS = 5
const RETRY_MS = 50
/** A server that does not answer must not fill the memory of its load. */
const MAX_OPEN = 4_000
const DOLLAR = '$'.charCodeAt(0)

const url = new URL(urlText)
const rate = Number(rateText)
const payload = 'x'.repeat(Number(bytesText))
const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const words = ['XADD', 'kasmina.telemetry.shard.100', 'MAXLEN', '~', '10000', '*', 'type', 'Note', 'data', payload]
const command = Buffer.from(`*${words.length}\r\n${words.map(bulk).join('')}`)
let socket: Socket | null = null
let accepted = 0
let open = 0
let owed = 0
let lastMs = clock.monotonicMs()

function dial(): void {
  const mine = url.protocol === 'unix:' ? connect(url.pathname) : connect(Number(url.port), url.hostname)
  mine.once('connect', () => {
    socket = mine
    open = 0
  })
  mine.on('data', (answers: Buffer) => {
    let count = 0
    for (const byte of answers) if (byte === DOLLAR) count++
    accepted += count
    open = Math.max(0, open - count)
  })
  mine.on('error', () => undefined)
  mine.once('close', () => {
    if (socket === mine) socket = null
    clock.after(RETRY_MS, dial)
  })
}

dial()
clock.every(TURN_MS, () => {
  const nowMs = clock.monotonicMs()
  owed = Math.min(owed + ((nowMs - lastMs) * rate) / 1_000, rate / 20)
  lastMs = nowMs
  const many = Math.min(Math.floor(owed), MAX_OPEN - open)
  if (socket === null || many < 1) return
  owed -= many
  open += many
  socket.write(Buffer.concat(Array.from({ length: many }, () => command)))
})
clock.every(1_000, () => {
  process.send?.({ accepted })
  accepted = 0
})
process.once('disconnect', () => process.exit(0))
