/*
 * frameSinks: a process of many bare sockets that join a Socket.IO namespace and throw away what they are sent.
 * In: argv port, count, path, namespace. Out: 'ready' once all have joined.
 * Invariant: no library on this side, so that its cost is not in the way; lives shorter than the server's ping timeout.
 * Source: docs/performance.md "fan-out".
 */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

const [, , portText, countText, socketPath = '/socket.io', namespace = '/live'] = process.argv
const AT_ONCE = 50

/** One client frame, masked as the protocol demands. */
function masked(text: string): Buffer {
  const body = Buffer.from(text)
  const mask = randomBytes(4)
  for (let i = 0; i < body.length; i++) body[i]! ^= mask[i & 3]!
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length]), mask, body])
}

function join(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(portText), '127.0.0.1')
    let seen = ''
    let asked = false
    socket.once('error', reject)
    socket.write(
      [
        `GET ${socketPath}/?EIO=4&transport=websocket HTTP/1.1`,
        `Host: 127.0.0.1:${portText}`,
        `Origin: http://127.0.0.1:${portText}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        '\r\n',
      ].join('\r\n'),
    )
    const look = (chunk: Buffer): void => {
      seen += chunk.toString('latin1')
      if (!asked && seen.includes('"sid"')) {
        asked = true
        socket.write(masked(`40${namespace},`))
      } else if (seen.includes(`40${namespace},`)) {
        socket.off('data', look)
        socket.on('data', () => undefined)
        resolve()
      }
    }
    socket.on('data', look)
  })
}

for (let left = Number(countText); left > 0; left -= AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, join))
process.send?.('ready')
