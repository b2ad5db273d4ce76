/*
 * cli: the command line against a running gateway, with and without a web server.
 * In: argument lists. Out: lines and exit codes.
 * Invariant: a stop does not depend on the web server; a dry run sends nothing.
 * Source: docs/cli.md.
 */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../lib/primitives/clock.ts'
import { EXIT } from '../../server/cli/cliIo.ts'
import { runCli } from '../../server/cli/runCli.ts'
import { parseConfig } from '../../server/config.ts'
import { startGateway, type GatewayHarness } from '../support/gatewayHarness.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function world(): Promise<GatewayHarness> {
  const made = await startGateway()
  cleanUps.push(() => made.close())
  return made
}

async function webServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Port 1 answers nobody. */
async function cli(dataDir: string, ...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(args, {
    config: parseConfig({ PORT: '1', DATA_DIR: dataDir }),
    dataDir,
    clock: systemClock,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    readFile: () => Promise.resolve('{"type":"noop"}'),
    onInterrupt: () => undefined,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

test('without a web server a stop goes straight to the gateway, and says who confirmed', async () => {
  const here = await world()
  const { dataDir } = here
  const layer = await here.layer({ layers: ['layer_0', 'layer_1'] })
  const { code, out, err } = await cli(dataDir, 'stop', '--reason', 'loss is NaN')
  expect(code).toBe(EXIT.done)
  expect(err).toContain('sent straight to the gateway')
  expect(out).toMatch(/layer_0 +(applied|verified), \d/)
  expect(layer.stopped.size).toBe(2)
})

test('a web server that is too slow is not waited for: the stop is with the layers before it would have answered', async () => {
  const here = await world()
  const { dataDir } = here
  const layer = await here.layer({ layers: ['layer_0'] })
  const url = await webServer(() => undefined)
  const { code, err } = await cli(dataDir, 'stop', '--url', url)
  expect(code).toBe(EXIT.done)
  expect(err).toContain('did not answer within 300 ms')
  expect(layer.stopped.size).toBe(1)
})

test('a layer that does not confirm is named, and the exit code says so', async () => {
  const here = await world()
  const { dataDir } = here
  const layer = await here.layer({ layers: ['layer_0', 'layer_1'] })
  layer.silent = true
  const { code, out } = await cli(dataDir, 'stop', '--layer', 'layer_1', '--wait', '0', '--json')
  expect(code).toBe(EXIT.unconfirmed)
  expect(JSON.parse(out)).toMatchObject({ missing: 1, layers: [{ layer_id: 'layer_1', state: 'sent' }] })
})

test('a dry run, and what is not understood, send nothing', async () => {
  const here = await world()
  const { dataDir, client } = here
  await here.layer({ layers: ['layer_0'] })
  expect((await cli(dataDir, 'stop', '--dry-run')).code).toBe(EXIT.done)
  for (const args of [['stop', '--layer', 'a.b'], ['stop', '--now'], ['halt'], ['stop', '--wait', 'long'], ['topics']])
    expect((await cli(dataDir, ...args)).code, args.join(' ')).toBe(EXIT.usage)
  expect((await client.status()).stop_epoch).toBe(0)
})

test('where nobody is, nothing is sent, and it says what to check', async () => {
  const { code, err } = await cli('/nowhere', 'stop')
  expect(code).toBe(EXIT.unreachable)
  expect(err).toContain('DATA_DIR (/nowhere)')
  expect((await cli('/nowhere', 'status')).code).toBe(EXIT.unreachable)
})

test('status and layers show what the gateway knows, and that the web server is not there', async () => {
  const here = await world()
  const { dataDir } = here
  await here.layer({ layers: ['layer_0'], agentId: 'stub-1' })
  await cli(dataDir, 'stop')
  const status = await cli(dataDir, 'status')
  expect(status.out).toContain('web        NOT THERE')
  expect(status.out).toMatch(/STOPPED +all layers by cli:/)
  expect((await cli(dataDir, 'layers')).out).toContain('stub-1')
  const json = JSON.parse((await cli(dataDir, 'status', '--json')).out) as { gateway: { stops: unknown[] } }
  expect(json.gateway.stops).toHaveLength(1)
})

test('an ordinary command needs the web server, and its refusal keeps its code', async () => {
  const { dataDir } = await world()
  const gone = await cli(dataDir, 'command', 'draft.json')
  expect(gone).toMatchObject({ code: EXIT.unreachable, err: expect.stringContaining('Nothing was sent') as string })
  const keys: unknown[] = []
  const url = await webServer((request, response) => {
    keys.push(request.headers['idempotency-key'])
    response.statusCode = 409
    response.end(JSON.stringify({ code: 'COMMAND_ILLEGAL_EDGE', detail: 'TRAINING -> DORMANT does not exist' }))
  })
  const refused = await cli(dataDir, 'command', 'draft.json', '--url', url, '--key', 'one-intent')
  expect(refused).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('COMMAND_ILLEGAL_EDGE') as string })
  expect(keys).toEqual(['one-intent'])
})

test('the program starts under any Node and answers with its exit code', async () => {
  const script = path.resolve(import.meta.dirname, '../../scripts/morphoscope.mjs')
  const child = spawn(process.execPath, [script, 'stop', '--layer', 'a.b'], { stdio: 'ignore' })
  expect(await once(child, 'exit')).toEqual([EXIT.usage, null])
})
