/*
 * directLine: an agent believes nobody who does not prove himself, and comes back by itself.
 * In: a TCP server that plays gateway, true and false. Out: what the agent says and takes.
 * Invariant: no entry of an unproven end ever gets through.
 * Source: docs/protocol.md "direct line".
 */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createDirectLine } from '../../../../lib/agents/directLine.ts'
import type { DirectEntry } from '../../../../lib/commands/handler.ts'
import { createSigner, createVerifier, type Signer } from '../../../../lib/commands/signing.ts'
import { GATEWAY_LINE_BYTES, gatewayProof, type JoinLine, layerProof } from '../../../../lib/contracts/gatewayWire.ts'
import { systemClock as clock } from '../../../../lib/primitives/clock.ts'
import { waitUntil } from '../../../support/waitUntil.ts'

const newSigner = (): Signer =>
  createSigner(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const gateway = newSigner()
const controller = newSigner()
const secret = Buffer.from('a secret of the layers, long enough')
const nonce = 'ab'.repeat(32)
const entry = { type: 'NoOp', data: Buffer.from('{}').toString('base64'), sig: 's', key: 'k' }
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

type Play = (say: (line: object | string) => void, join: JoinLine | null, socket: Socket) => void

/** Plays one script per connection: called at the start, and again with the agent's join. */
async function setUp(play: Play) {
  const joins: JoinLine[] = []
  const said: object[] = []
  const server: Server = createServer((socket) => {
    const say = (line: object | string): void =>
      void socket.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
    let rest = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      rest += chunk.toString()
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = JSON.parse(rest.slice(0, end)) as JoinLine
        rest = rest.slice(end + 1)
        said.push(line)
        if (line.kind !== 'join') continue
        joins.push(line)
        play(say, line, socket)
      }
    })
    play(say, null, socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const taken: DirectEntry[] = []
  const states: string[] = []
  const line = createDirectLine({
    clock,
    address: () => ({ host: '127.0.0.1', port }),
    secret: () => secret,
    verify: createVerifier([
      { publicKeyPem: gateway.publicKeyPem, scope: 'gateway' },
      { publicKeyPem: controller.publicKeyPem, scope: 'controller' },
    ]),
    agentId: 'agent',
    runId: 'run',
    layerIds: ['layer_0', 'layer_1'],
    onEntry: (each) => taken.push(each),
    onState: (up, reason) => states.push(`${up ? 'up' : 'down'}: ${reason}`),
  })
  cleanUps.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => line.stop(),
  )
  line.start()
  return { line, joins, said, taken, states }
}

const hello = { kind: 'hello', version: 1, nonce, gateway_epoch: 5 }
const welcome = (join: JoinLine, signer = gateway, over: Record<string, unknown> = {}) => {
  const text = gatewayProof({ gatewayNonce: nonce, layerNonce: join.nonce, gatewayEpoch: 5, ...over })
  return { kind: 'welcome', gateway_epoch: 5, ...signer.sign('morph-hs-v1', Buffer.from(text)) }
}

test('both ends prove themselves; then entries come down, and acks go up', async () => {
  const { line, joins, said, taken, states } = await setUp((say, join) => {
    if (!join) return say(hello)
    say(welcome(join))
    say({ kind: 'entry', entry })
  })
  await waitUntil('the entry is taken', () => taken.length === 1)
  expect(taken[0]).toMatchObject({ type: 'NoOp', data: Buffer.from('{}') })
  const [join] = joins
  const proof = layerProof({ gatewayNonce: nonce, layerNonce: join!.nonce, ...join! })
  expect(join?.mac).toBe(createHmac('sha256', secret).update(proof).digest('hex'))
  expect([line.isUp, states]).toEqual([true, ['up: proven']])
  line.ack({ kind: 'applied' } as never)
  await waitUntil('the ack is there', () => said.length === 2)
  expect(said[1]).toEqual({ kind: 'ack', outcome: { kind: 'applied' } })
})

const bad: readonly (readonly [string, Play])[] = [
  ['an entry before the proof', (say) => (say(hello), say({ kind: 'entry', entry }))],
  ['a welcome without a greeting', (say) => say({ kind: 'welcome', gateway_epoch: 5, sig: 's', key: 'k' })],
  ["a proof by the controller's key", (say, join) => say(join ? welcome(join, controller) : hello)],
  ["a proof by a stranger's key", (say, join) => say(join ? welcome(join, newSigner()) : hello)],
  [
    'a proof over another nonce',
    (say, join) => say(join ? welcome(join, gateway, { layerNonce: 'cd'.repeat(32) }) : hello),
  ],
  ['a proof for another start', (say, join) => say(join ? welcome(join, gateway, { gatewayEpoch: 6 }) : hello)],
  ['another version', (say) => say({ ...hello, version: 2 })],
  ['two greetings', (say) => (say(hello), say(hello))],
  ['what is no JSON', (say) => say('hello there\n')],
  ['a line without an end', (say) => say('x'.repeat(GATEWAY_LINE_BYTES + 1))],
]

test.each(bad)('%s ends the line, and an entry after it is not taken', async (_name, play) => {
  const { line, taken, states } = await setUp((say, join, socket) => {
    play(say, join, socket)
    if (join) say({ kind: 'entry', entry })
  })
  await waitUntil('it was given up twice', () => states.length > 0)
  await clock.sleep(150)
  expect([line.isUp, taken, states.filter((state) => state.startsWith('up'))]).toEqual([false, [], []])
})

test('a line that breaks is made again, and a refusal is told by its code', async () => {
  let connections = 0
  const { states, taken } = await setUp((say, join, socket) => {
    if (!join) {
      connections++
      if (connections === 1) return void socket.destroy()
      if (connections === 2) return say({ kind: 'refused', code: 'GATEWAY_LINE', text: 'too many' })
      return say(hello)
    }
    say(welcome(join))
    say({ kind: 'entry', entry })
  })
  await waitUntil('it is up', () => taken.length === 1)
  expect(states).toEqual(['down: the gateway closed the line', 'down: the gateway refused: GATEWAY_LINE', 'up: proven'])
})
