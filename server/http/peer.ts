/*
 * peer: who is at the other end of a connection: its address, or whom a trusted proxy on this machine speaks for.
 * In: a request, whether a proxy is trusted. Out: address; whether it is this machine speaking for itself.
 * Invariant: a forwarded line is believed only from a loopback peer and only when TRUST_PROXY is on; with one, nobody is loopback.
 * Source: docs/security.md "behind a proxy".
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

export interface Peer {
  readonly address: string
  readonly loopback: boolean
}

const isLoopback = (address: string): boolean => /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address)

/** The last entry is what the nearest proxy saw; those before it are what somebody claimed. */
export function peerOf(request: Pick<IncomingMessage, 'headers' | 'socket'>, trustProxy: boolean): Peer {
  const own = (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '')
  const line = request.headers['x-forwarded-for']
  const forwarded = (Array.isArray(line) ? line.join(',') : (line ?? '')).split(',').at(-1)!.trim()
  const isForwarded = line !== undefined || request.headers.forwarded !== undefined
  if (!isLoopback(own) || !isForwarded) return { address: own, loopback: isLoopback(own) }
  return { address: trustProxy && isIP(forwarded) !== 0 ? forwarded : own, loopback: false }
}
