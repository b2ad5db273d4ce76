import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { GatewayEvent } from '../../../../lib/contracts/gatewayControl.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { createGatewayClient } from '../../../../server/gateway/gatewayClient.ts'
import { readGatewayFile, writeGatewayFile } from '../../../../server/gateway/gatewayFile.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { waitUntil } from '../../../support/waitUntil.ts'

const TOKEN = 't'.repeat(43)
const undo: (() => void)[] = []
afterEach(() => {
  for (const one of undo.splice(0)) one()
})

function folder(): string {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-client-'))
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function announced(listener: RequestListener, dataDir = folder()): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  undo.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const file = { version: 1, pid: 1, gateway_epoch: 1, host: '127.0.0.1', socket_port: 1, control_port: port } as const
  writeGatewayFile(dataDir, { ...file, token: TOKEN })
  return dataDir
}

test('without an announcement the gateway is unavailable, and the sentence names the file', () => {
  const dataDir = folder()
  const client = createGatewayClient({ dataDir, clock: systemClock })
  return expect(client.status()).rejects.toMatchObject({
    code: 'GATEWAY_UNAVAILABLE',
    message: expect.stringContaining(path.join(dataDir, 'gateway.json')) as string,
  })
})

test('the announcement is for its owner only, and goes with its writer but never with a predecessor', () => {
  const dataDir = folder()
  const file = { version: 1, pid: 1, gateway_epoch: 1, host: '127.0.0.1', socket_port: 1, control_port: 2 } as const
  const undoFirst = writeGatewayFile(dataDir, { ...file, token: TOKEN })
  const undoSecond = writeGatewayFile(dataDir, { ...file, token: 'u'.repeat(43) })
  expect(statSync(path.join(dataDir, 'gateway.json')).mode & 0o777).toBe(0o600)
  undoFirst()
  expect(readGatewayFile(dataDir).token).toBe('u'.repeat(43))
  undoSecond()
  expect(() => readFileSync(path.join(dataDir, 'gateway.json'))).toThrow('ENOENT')
})

test('a gateway that does not answer is a timeout, never silence', async () => {
  let asked = 0
  const dataDir = await announced(() => void asked++)
  const clock = createManualClock()
  const answer = createGatewayClient({ dataDir, clock, deadlineMs: 300 }).readiness()
  const refused = expect(answer).rejects.toMatchObject({ code: 'GATEWAY_TIMEOUT' })
  await waitUntil('the call arrived', () => asked === 1)
  await clock.advance(300)
  await refused
})

test('a refusal keeps its code and path; an answer outside the contract is not believed', async () => {
  const dataDir = await announced((request, response) => {
    expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`)
    const fine = request.url === '/v1/status'
    response.statusCode = fine ? 200 : 422
    response.end(JSON.stringify(fine ? { hello: 'world' } : { code: 'CONTRACT_INVALID', detail: 'no', path: 'scope' }))
  })
  const client = createGatewayClient({ dataDir, clock: systemClock })
  const stop = { id: globalThis.crypto.randomUUID(), scope: 'all', issued_by: 'op' } as const
  await expect(client.stop(stop)).rejects.toMatchObject({ code: 'CONTRACT_INVALID', context: { path: 'scope' } })
  await expect(client.status()).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' })
})

test('a cut event line resumes behind the last event that was seen', async () => {
  const asked: string[] = []
  const dataDir = await announced((request, response) => {
    asked.push(request.url ?? '')
    const head = { epoch: 7, at_ms: 1 }
    const offset = asked.length
    response.write(`${JSON.stringify({ ...head, offset, kind: 'reset', text: 'x' })}\n`)
    if (asked.length === 1) setImmediate(() => response.destroy())
  })
  const events: GatewayEvent[] = []
  const lines: boolean[] = []
  const stop = createGatewayClient({ dataDir, clock: systemClock }).follow({
    after: null,
    onEvent: (event) => events.push(event),
    onLine: ({ up }) => lines.push(up),
  })
  undo.push(stop)
  await waitUntil('two events came', () => events.length === 2)
  expect(asked).toEqual(['/v1/events', '/v1/events?after=7:1'])
  expect(lines).toEqual([true, false, true])
})
