/*
 * readBody: the JSON body of a request, under bounds of bytes and depth.
 * In: a request. Out: what JSON.parse makes of its body; an empty object for nothing at all.
 * Invariant: no code behind it meets a value nested deeper than 32; what is too large is not kept, and is read on only a little,
 * so that the refusal arrives.
 * Source: docs/protocol.md "HTTP".
 */
import { AppError } from '../../../lib/contracts/appError.ts'

const MAX_BODY_BYTES = 262_144
const MAX_BODY_DEPTH = 32

/** Most senders look at the answer only after their last byte; more than this nobody is waited for. */
const MAX_DRAINED_BYTES = 1_048_576

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENS = new Set([0x5b, 0x7b])
const CLOSES = new Set([0x5d, 0x7d])

/** Looks at the bytes alone: a recursive look would end like the code it protects. @throws CONTRACT_DEPTH */
function checkDepth(bytes: Uint8Array): void {
  let depth = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (inText) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (CLOSES.has(byte)) depth--
    else if (OPENS.has(byte) && ++depth > MAX_BODY_DEPTH)
      throw new AppError('CONTRACT_DEPTH', `the body is nested deeper than ${MAX_BODY_DEPTH} levels at byte ${i}`, {
        path: 'body',
        limit: MAX_BODY_DEPTH,
      })
  }
}

/** Reads a bounded JSON body. Only application/json: a form of another site can not send that without being asked for its Origin. */
export async function readBody(request: Request): Promise<unknown> {
  // Nothing at all is an empty object: some requests have nothing to say beyond their path.
  if (request.body === null && request.headers.get('content-type') === null) return {}
  if (!(request.headers.get('content-type') ?? '').toLowerCase().startsWith('application/json'))
    throw new AppError('CONTRACT_INVALID', 'the body must be application/json', { path: 'content-type' })
  if (request.body === null) throw new AppError('CONTRACT_JSON', 'a JSON body is missing', { path: 'body' })
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of request.body) {
    bytes += part.byteLength
    if (bytes <= MAX_BODY_BYTES) parts.push(part)
    else parts.length = 0
    if (bytes > MAX_DRAINED_BYTES) break
  }
  if (bytes > MAX_BODY_BYTES)
    throw new AppError('CONTRACT_TOO_LARGE', `more than ${MAX_BODY_BYTES} B`, { path: 'body', limit: MAX_BODY_BYTES })
  const whole = Buffer.concat(parts)
  checkDepth(whole)
  try {
    return JSON.parse(whole.toString('utf8'))
  } catch {
    throw new AppError('CONTRACT_JSON', 'the body is not JSON', { path: 'body' })
  }
}
