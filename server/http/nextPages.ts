/*
 * nextPages: Next as one part among others: it answers whatever the server itself does not.
 * In: the project folder, guarded requests. Out: a request handler, an upgrade handler, close.
 * Invariant: Next never owns the port; it sees requests only after the guard let them in.
 * Source: docs/adr/0002-next-seam.md.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import next from 'next'

export interface Pages {
  prepare(): Promise<void>
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): Promise<void>
}

export interface NextPagesOptions {
  readonly dir: string
  readonly dev: boolean
  readonly hostname: string
  readonly port: number
}

// Next's own type is a callable with a default that its ESM form does not declare for bundler resolution.
type NextFactory = (options: Record<string, unknown>) => {
  prepare(): Promise<void>
  getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  close(): Promise<void>
}

/** Creates the Next application; `prepare` must end before the first request. */
export function createNextPages({ dir, dev, hostname, port }: NextPagesOptions): Pages {
  // Next adds its own upgrade listener to the server it is given. This stand-in passes on only what the guard let in.
  const gate = new EventEmitter()
  const app = (next as unknown as NextFactory)({ dev, dir, httpServer: gate, hostname, port, quiet: true })
  let handle: ReturnType<typeof app.getRequestHandler> | null = null
  return {
    async prepare() {
      await app.prepare()
      handle = app.getRequestHandler()
    },
    async handle(request, response) {
      await handle?.(request, response)
    },
    upgrade(request, socket, head) {
      if (gate.listenerCount('upgrade') === 0) socket.destroy()
      else gate.emit('upgrade', request, socket, head)
    },
    close: () => app.close(),
  }
}
