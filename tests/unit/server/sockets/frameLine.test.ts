import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { expect, test } from 'vitest'
import { LIVE_NAMESPACE } from '../../../../lib/contracts/socketNames.ts'
import { createFrameLine } from '../../../../server/sockets/frameLine.ts'

const SIZES = [1, 125, 126, 2_048, 65_535, 65_536, 200_000]
const frameOf = (size: number, layer: number) => ({
  bytes: new Uint8Array(size).map((_, at) => (at * 7 + size) & 255),
  layer,
  frame: 1,
  base: 0,
})

test.each(['websocket', 'polling'] as const)(
  'over %s a page receives what emit would have sent, whole and in order',
  async (transport) => {
    const http = createServer()
    const server = new Server(http, { perMessageDeflate: false, transports: ['websocket', 'polling'] })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const frames = SIZES.map(frameOf)
    server.of(LIVE_NAMESPACE).on('connection', (socket) => {
      const line = createFrameLine(socket)
      frames.forEach((frame, at) => {
        line.send(frame)
        // Two pages share one frame; here one page gets it twice, around an ordinary event.
        socket.emit('between', at)
        line.send(frame)
      })
      expect(line.backlog()).toBeGreaterThan(0)
    })
    const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}${LIVE_NAMESPACE}`, {
      transports: [transport],
      upgrade: false,
    })
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      const note = (text: string): void => {
        seen.push(text)
        if (seen.length === SIZES.length * 3) resolve()
      }
      client.on('frame', (bytes: ArrayBuffer | Uint8Array) => {
        const got = Buffer.from(new Uint8Array(bytes))
        const sent = frames.find((frame) => frame.bytes.byteLength === got.byteLength)
        note(`frame ${sent !== undefined && got.equals(sent.bytes) ? got.byteLength : 'torn'}`)
      })
      client.on('between', (at: number) => note(`between ${at}`))
    })
    expect(seen).toEqual(SIZES.flatMap((size, at) => [`frame ${size}`, `between ${at}`, `frame ${size}`]))
    client.close()
    await server.close()
  },
)
