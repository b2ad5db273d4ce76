/*
 * tcpProxy: a wire between a client and a server that a test can cut, hold, slow down and chop.
 * In: the server's port. Out: a port to connect to and the faults.
 * Invariant: bytes are never altered or reordered; close ends every connection.
 * Source: docs/bus.md "how it is tested".
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type ProxyMode =
  | { readonly kind: 'pass' }
  /** Accepts everything, delivers nothing, says nothing: a black hole. */
  | { readonly kind: 'hole' }
  /** Requests go through, replies do not. */
  | { readonly kind: 'withhold' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** Every byte is a write of its own. */
  | { readonly kind: 'split' }

export interface TcpProxy {
  readonly port: number
  readonly connections: number
  /** Connections accepted since the start. */
  readonly accepted: number
  setMode(mode: ProxyMode): void
  /** Resets every connection that is open now. */
  cut(): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Bytes were dropped: of requests, of replies. */
  readonly lost: [boolean, boolean]
}

/** Starts a proxy on a free loopback port. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let mode: ProxyMode = { kind: 'pass' }
  let accepted = 0
  const pairs = new Set<Pair>()

  const forward = (from: Socket, to: Socket, reply: boolean, pair: Pair): void => {
    let line: Promise<void> = Promise.resolve()
    from.on('data', (chunk: Buffer) => {
      const now = mode
      // A connection that lost bytes stays silent for good, as behind a firewall that forgot it: TCP never skips bytes.
      if (now.kind === 'hole' || (now.kind === 'withhold' && reply)) pair.lost[reply ? 1 : 0] = true
      if (pair.lost[reply ? 1 : 0]) return
      if (now.kind === 'pass') return void to.write(chunk)
      line = line.then(async () => {
        if (now.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, now.ms))
        if (now.kind !== 'split') return void to.write(chunk)
        for (const byte of chunk)
          if (!to.write(Uint8Array.of(byte))) await Promise.race([once(to, 'drain'), once(to, 'close')])
      })
    })
  }

  const server = createServer((client) => {
    accepted += 1
    const upstream = connect(targetPort, '127.0.0.1')
    client.setNoDelay(true)
    upstream.setNoDelay(true)
    const pair: Pair = { client, server: upstream, lost: [false, false] }
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      socket.on('error', end)
      socket.on('close', end)
    }
    forward(client, upstream, false, pair)
    forward(upstream, client, true, pair)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  const cut = (): void => {
    for (const { client, server: upstream } of pairs) {
      client.resetAndDestroy()
      upstream.destroy()
    }
  }
  return {
    port,
    get connections() {
      return pairs.size
    },
    get accepted() {
      return accepted
    },
    setMode(next) {
      mode = next
    },
    cut,
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
