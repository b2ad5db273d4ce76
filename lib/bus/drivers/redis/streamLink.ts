/*
 * streamLink: the connection of one broadcast reader: a plain socket that reads into one reused buffer and hands entries over as they come.
 * In: a target, commands. Out: replies in order; the entries of an XREAD one by one, without a buffer per read, reply or entry.
 * Invariant: lives for one connection; whatever ends it rejects all that is owed; an answer that is owed too long ends it.
 * Why: reading through the library, 41 % of the ingest's CPU was garbage collection (docs/performance.md "profiles").
 * Source: docs/bus.md "connection profile".
 */
import { EventEmitter } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../../../primitives/clock.ts'
import { CONNECT_TIMEOUT_MS, SOCKET_TIMEOUT_MS } from './connectionProfile.ts'
import { EntriesReader, type EntrySink } from './entriesReader.ts'
import type { RedisArg, RedisClient, RedisReply } from './redisConnection.ts'
import type { RedisTarget } from './redisTarget.ts'
import { broken, ReplyWindow } from './replyWindow.ts'
import { createValueReader } from './valueReader.ts'

const KEEP_ALIVE_MS = 10_000

export interface StreamLink extends RedisClient {
  /** Sends an XREAD; each entry goes to the sink as soon as it is there. Resolves false when the wait ended without any. */
  readEntries(args: readonly RedisArg[], sink: EntrySink): Promise<boolean>
  /** Goes on after a sink that was not ready. */
  resume(): void
}

export interface StreamLinkOptions {
  readonly target: RedisTarget
  readonly name: string
  readonly clock: Clock
  readonly maxEntryBytes: number
}

interface Owed {
  readonly sink: EntrySink | null
  readonly resolve: (reply: RedisReply) => void
  readonly reject: (error: Error) => void
}

function encode(command: string, args: readonly RedisArg[]): string {
  let text = `*${args.length + 1}\r\n$${command.length}\r\n${command}\r\n`
  for (const arg of args) {
    const part = String(arg)
    text += `$${Buffer.byteLength(part)}\r\n${part}\r\n`
  }
  return text
}

function coded(text: string, code: string): Error {
  return Object.assign(new Error(text), { code })
}

/** A server that asks for no password takes everybody: one that was given all the same is no reason to stay away. */
function unlessOpen(error: unknown): void {
  if (!/^ERR (AUTH <password> called without any|Client sent AUTH, but no) password/.test((error as Error).message))
    throw error
}

/** Creates the link; connect() opens it. */
export function createStreamLink({ target, name, clock, maxEntryBytes }: StreamLinkOptions): StreamLink {
  const events = new EventEmitter()
  const window = new ReplyWindow()
  const entries = new EntriesReader(window, maxEntryBytes)
  const readValue = createValueReader(window)
  let owed: Owed[] = []
  let socket: Socket | null = null
  let status = 'wait'
  let paused = false
  /** Who had entries last: its work on them may outlast the reply they came with. */
  let borrower: EntrySink | null = null

  const settle = (reply: RedisReply | Error): void => {
    const due = owed.shift()
    // While nothing is owed, silence is no sign of anything.
    if (owed.length === 0) socket?.setTimeout(0)
    if (reply instanceof Error) due?.reject(reply)
    else due?.resolve(reply)
  }

  /** Reads as far as it goes. */
  const read = (): void => {
    while (!paused && window.start < window.end && window.end >= window.need) {
      const first = owed[0]
      if (first === undefined) throw broken('an answer that nobody asked for')
      if (first.sink === null) {
        const reply = readValue()
        if (reply === undefined) return
        settle(reply)
      } else {
        const state = entries.read(first.sink)
        if (state === 'partial') return
        if (state === 'paused') {
          paused = true
          // Nothing is read now, so nothing can be heard.
          socket?.setTimeout(0)
        } else settle(state instanceof Error ? state : state === 'whole' ? [] : null)
      }
    }
  }

  const end = (cause: Error | null): void => {
    if (status === 'end') return
    status = 'end'
    if (cause) events.emit('error', cause)
    socket?.destroy()
    const due = owed
    owed = []
    for (const { reject } of due) reject(new Error('Connection is closed.'))
    events.emit('end')
  }

  /** False pauses the socket. */
  const take = (bytes: number): boolean => {
    if (status === 'end') return false
    try {
      window.end += bytes
      read()
    } catch (error) {
      end(error instanceof Error ? error : broken(String(error)))
    }
    return !paused && status !== 'end'
  }

  const nextTarget = (): Buffer => window.target(borrower?.borrowed() === true)

  const open = (): Socket => {
    const { options } = target
    const common = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    if (options.tls) {
      const secure = connectTls({ ...common, ...options.tls, host: options.host, port: options.port })
      return secure.on('data', (chunk: Buffer) => {
        let from = 0
        while (from < chunk.length) {
          const taken = chunk.copy(nextTarget(), 0, from)
          from += taken
          if (!take(taken)) secure.pause()
        }
      })
    }
    const onread = { buffer: nextTarget, callback: take }
    const address = options.path === undefined ? { host: options.host, port: options.port } : { path: options.path }
    return connectPlain({ ...common, ...address, onread } as Parameters<typeof connectPlain>[0] & object)
  }

  const send = (command: string, args: readonly RedisArg[], sink: EntrySink | null): Promise<RedisReply> =>
    new Promise((resolve, reject) => {
      if (socket === null || status === 'end') return reject(new Error('Connection is closed.'))
      borrower = sink ?? borrower
      owed.push({ sink, resolve, reject })
      socket.setTimeout(SOCKET_TIMEOUT_MS)
      socket.write(encode(command, args))
    })

  const connected = (opening: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      const undo = clock.after(CONNECT_TIMEOUT_MS, () => end(coded('connect ETIMEDOUT', 'ETIMEDOUT')))
      opening.once(target.options.tls ? 'secureConnect' : 'connect', () => {
        undo()
        resolve()
      })
      events.once('end', () => {
        undo()
        reject(new Error('Connection is closed.'))
      })
    })

  /** Sign in, name, database: sent at once, answered in order. */
  const introduce = async (): Promise<void> => {
    const { username, password, db } = target.options
    const steps: Promise<unknown>[] = []
    if (password !== undefined) {
      const names = username === undefined ? [password] : [username, password]
      steps.push(send('AUTH', names, null).catch(unlessOpen))
    }
    // The name only helps the operator: a user without the right to it reads all the same.
    steps.push(send('CLIENT', ['SETNAME', name], null).catch(() => undefined))
    if (db !== 0) steps.push(send('SELECT', [db], null))
    await Promise.all(steps)
  }

  return {
    get status() {
      return status
    },
    on: (event, listener) => void events.on(event, listener),
    once: (event, listener) => void events.once(event, listener),
    async connect() {
      status = 'connecting'
      socket = open()
      socket.on('error', (error) => end(error))
      socket.on('close', () => end(null))
      socket.on('end', () => end(null))
      socket.on('timeout', () => end(new Error(`Socket timeout: no answer in ${SOCKET_TIMEOUT_MS} ms`)))
      await connected(socket)
      await introduce()
      if (status === 'connecting') status = 'ready'
    },
    ping: () => send('PING', [], null),
    callBuffer: (command, ...args) => send(command, args, null),
    readEntries: async (args, sink) => (await send('XREAD', args, sink)) !== null,
    resume() {
      if (!paused || status === 'end') return
      paused = false
      if (owed.length > 0) socket?.setTimeout(SOCKET_TIMEOUT_MS)
      if (take(0)) socket?.resume()
    },
    disconnect: () => end(null),
  }
}
