/*
 * gatewayClient: the gateway's control API as plain functions, for the web server and the command line.
 * In: the data folder where the gateway announces itself. Out: checked answers, events in order, or one error by code.
 * Invariant: the announcement is read anew for each call, so a restarted gateway is found by itself; every call ends within its deadline;
 * a refusal of the gateway keeps its code.
 * Source: docs/protocol.md "gateway control API".
 */
import { request, type IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { AppError } from '../../lib/contracts/appError.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../lib/contracts/errorCatalog.ts'
import {
  GatewayCommand,
  GatewayEvent,
  type GatewayOrder,
  GatewayReadiness,
  type GatewayResume,
  GatewayResumeState,
  GatewayStatus,
  type GatewayStop,
  GatewayStopState,
} from '../../lib/contracts/gatewayControl.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { readGatewayFile } from './gatewayFile.ts'

export interface GatewayPlace {
  readonly epoch: number
  readonly offset: number
}

export interface FollowOptions {
  /** Resume behind this event; null = from now on, with the present state first. */
  readonly after: GatewayPlace | null
  readonly onEvent: (event: GatewayEvent) => void
  /** The line came up, or fell: with what was wrong. It is tried again by itself. */
  readonly onLine?: (line: { readonly up: boolean; readonly error: AppError | null }) => void
}

/** All throw GATEWAY_UNAVAILABLE, GATEWAY_TIMEOUT, or what the gateway says (CONTRACT_INVALID, STATE_NOT_FOUND, ...). */
export interface GatewayClient {
  /** Hands over a command; the same id again sends nothing new and answers its state. */
  command(order: GatewayOrder): Promise<GatewayCommand>
  commandState(id: string): Promise<GatewayCommand>
  /** Resolves when the stop has left on both paths, not when layers confirmed: that is in the matrix. */
  stop(stop: GatewayStop): Promise<GatewayStopState>
  stopState(id: string): Promise<GatewayStopState>
  resume(resume: GatewayResume): Promise<GatewayResumeState>
  resumeState(id: string): Promise<GatewayResumeState>
  readiness(): Promise<GatewayReadiness>
  status(): Promise<GatewayStatus>
  /** Follows the events until the returned undo; after a cut it resumes where it stood. */
  follow(options: FollowOptions): () => void
}

export interface GatewayClientOptions {
  readonly dataDir: string
  readonly clock: Clock
  /** Longest wait for an answer. */
  readonly deadlineMs?: number
}

const DEADLINE_MS = 2_000
const MAX_ANSWER_BYTES = 8_388_608
const RETRY_FIRST_MS = 50
const RETRY_LAST_MS = 1_000
/** An idle line says so each second; a silent one is dead. */
const SILENT_MS = 3_500

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERROR_CATALOG, code)

/** Turns a problem document into the error it came from. */
function refusalOf(status: number, text: string): AppError {
  try {
    const { code, detail, path } = JSON.parse(text) as Record<string, unknown>
    if (isCode(code)) return new AppError(code, String(detail), typeof path === 'string' ? { path } : {})
  } catch {
    // Not a problem document: somebody else may have taken the port.
  }
  return new AppError('GATEWAY_UNAVAILABLE', `what listens on the gateway's port answered with status ${status}`)
}

const unreachable = (cause: unknown): AppError =>
  new AppError('GATEWAY_UNAVAILABLE', `the gateway can not be reached (${(cause as Error).message})`, {}, cause)

/** Creates a client; nothing is connected before the first call. */
export function createGatewayClient({ dataDir, clock, deadlineMs = DEADLINE_MS }: GatewayClientOptions): GatewayClient {
  const open = (method: 'GET' | 'POST', path: string) => {
    const { host, control_port: port, token } = readGatewayFile(dataDir)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return request({ host, port, method, path, headers, agent: false })
  }

  const call = <S extends z.ZodType>(schema: S, method: 'GET' | 'POST', path: string, body?: object) =>
    new Promise<z.infer<S>>((resolve, reject) => {
      const asked = open(method, path)
      const giveUp = clock.after(deadlineMs, () => {
        asked.destroy()
        reject(new AppError('GATEWAY_TIMEOUT', `the gateway did not answer within ${deadlineMs} ms`))
      })
      const fail = (error: AppError): void => {
        giveUp()
        asked.destroy()
        reject(error)
      }
      asked.once('error', (error) => fail(unreachable(error)))
      asked.once('response', (answer) => {
        readText(answer).then(
          (text) => {
            giveUp()
            if ((answer.statusCode ?? 0) >= 400) return reject(refusalOf(answer.statusCode ?? 0, text))
            const parsed = schema.safeParse(safeJson(text))
            if (parsed.success) resolve(parsed.data)
            else reject(new AppError('GATEWAY_UNAVAILABLE', `the answer to ${path} is not one of the contract`))
          },
          (error: unknown) => fail(unreachable(error)),
        )
      })
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })

  const follow = ({ after, onEvent, onLine = () => undefined }: FollowOptions): (() => void) => {
    let place = after
    let stopped = false
    let failures = 0
    let undo: () => void = () => undefined
    let close: () => void = () => undefined

    const again = (error: AppError): void => {
      if (stopped) return
      undo()
      close()
      onLine({ up: false, error })
      undo = clock.after(Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.min(failures++, 8)), connect)
    }
    const onLineText = (text: string): void => {
      const parsed = GatewayEvent.safeParse(safeJson(text))
      if (!parsed.success) return
      place = { epoch: parsed.data.epoch, offset: parsed.data.offset }
      if (parsed.data.kind !== 'idle') onEvent(parsed.data)
    }
    const connect = (): void => {
      let ended = false
      const once = (error: AppError): void => {
        if (ended) return
        ended = true
        again(error)
      }
      try {
        const query = place === null ? '' : `?after=${place.epoch}:${place.offset}`
        const asked = open('GET', `/v1/events${query}`)
        close = () => void asked.destroy()
        const watch = (): void => {
          undo()
          undo = clock.after(SILENT_MS, () => once(new AppError('GATEWAY_TIMEOUT', 'the event line fell silent')))
        }
        watch()
        asked.once('error', (error) => once(unreachable(error)))
        asked.once('response', (answer) => {
          if (answer.statusCode !== 200) {
            void readText(answer).then((text) => once(refusalOf(answer.statusCode ?? 0, text)), once)
            return
          }
          failures = 0
          onLine({ up: true, error: null })
          let rest = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            watch()
            const lines = (rest + chunk).split('\n')
            rest = lines.pop() ?? ''
            if (rest.length > MAX_ANSWER_BYTES) asked.destroy()
            for (const line of lines) onLineText(line)
          })
          answer.once('close', () => once(new AppError('GATEWAY_UNAVAILABLE', 'the gateway closed the event line')))
        })
        asked.end()
      } catch (error) {
        once(error instanceof AppError ? error : unreachable(error))
      }
    }
    connect()
    return () => {
      stopped = true
      undo()
      close()
    }
  }

  return {
    command: (order) => call(GatewayCommand, 'POST', '/v1/commands', order),
    commandState: (id) => call(GatewayCommand, 'GET', `/v1/commands/${encodeURIComponent(id)}`),
    stop: (stop) => call(GatewayStopState, 'POST', '/v1/stop', stop),
    stopState: (id) => call(GatewayStopState, 'GET', `/v1/stop/${encodeURIComponent(id)}`),
    resume: (resume) => call(GatewayResumeState, 'POST', '/v1/resume', resume),
    resumeState: (id) => call(GatewayResumeState, 'GET', `/v1/resume/${encodeURIComponent(id)}`),
    readiness: () => call(GatewayReadiness, 'GET', '/v1/readiness'),
    status: () => call(GatewayStatus, 'GET', '/v1/status'),
    follow,
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

/** Reads a bounded answer. */
async function readText(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.byteLength
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
