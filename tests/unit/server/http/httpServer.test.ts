import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpServer } from '../../../../server/http/httpServer.ts'
import { createLogger } from '../../../../server/logger.ts'

const http = createHttpServer({ logger: createLogger({ level: 'silent', format: 'json' }).room('http'), dev: false })
let port = 0
beforeAll(async () => {
  port = await http.listen('127.0.0.1', 0)
})
afterAll(() => http.close(1_000))

/** What a connection is told until the server ends it, when it says this and nothing more. */
const said = (words: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => void (words !== '' && socket.write(words)))
    let text = ''
    socket.on('data', (bytes) => (text += String(bytes)))
    socket.on('close', () => resolve(text))
    socket.on('error', (error) =>
      text === '' && (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? resolve('') : reject(error),
    )
  })

test('a connection that asked nothing is ended without a word; half a question is told that it was too slow', async () => {
  const [nothing, half] = await Promise.all([said(''), said('GET /api/layers HTTP/1.1\r\nhost: 127.0.0.1\r\n')])
  expect(nothing).toBe('')
  expect(half).toMatch(/^HTTP\/1\.1 408 /)
}, 30_000)

test('what is no HTTP is told so', async () => {
  expect(await said('no such protocol\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
})
