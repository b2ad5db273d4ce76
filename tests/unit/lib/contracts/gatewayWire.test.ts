import { expect, test } from 'vitest'
import {
  GATEWAY_LINE_BYTES,
  GATEWAY_WIRE_VERSION,
  GatewayLine,
  gatewayProof,
  LayerLine,
  layerProof,
} from '../../../../lib/contracts/gatewayWire.ts'

const nonce = 'a'.repeat(64)

test('a hello names the version and a nonce of 32 bytes', () => {
  const hello = { kind: 'hello', version: GATEWAY_WIRE_VERSION, nonce, gateway_epoch: 3 }
  expect(GatewayLine.parse(hello)).toEqual(hello)
  expect(GatewayLine.safeParse({ ...hello, nonce: 'ab' }).success).toBe(false)
})

test('an entry longer than a line, or not in base64, is refused', () => {
  const entry = { type: 'NoOp', data: 'e30=', sig: 's', key: 'k' }
  expect(GatewayLine.safeParse({ kind: 'entry', entry }).success).toBe(true)
  expect(GatewayLine.safeParse({ kind: 'entry', entry: { ...entry, data: 'e3' } }).success).toBe(false)
  const long = { ...entry, data: 'A'.repeat(GATEWAY_LINE_BYTES + 4) }
  expect(GatewayLine.safeParse({ kind: 'entry', entry: long }).success).toBe(false)
})

test('a join without layers, or with a layer that is no id, is refused', () => {
  const join = { kind: 'join', version: 1, agent_id: 'a', run_id: 'run', layers: ['layer_0'], nonce, mac: nonce }
  expect(LayerLine.safeParse(join).success).toBe(true)
  expect(LayerLine.safeParse({ ...join, layers: [] }).success).toBe(false)
  expect(LayerLine.safeParse({ ...join, layers: ['a.b'] }).success).toBe(false)
})

test('the proofs of the two ends differ, and each depends on both nonces', () => {
  const parts = { gatewayNonce: 'g', layerNonce: 'l' }
  const layer = layerProof({ ...parts, agent_id: 'a', run_id: 'r', layers: ['x', 'y'] })
  const gateway = gatewayProof({ ...parts, gatewayEpoch: 1 })
  expect(layer).not.toBe(gateway)
  expect(layerProof({ ...parts, layerNonce: 'm', agent_id: 'a', run_id: 'r', layers: ['x', 'y'] })).not.toBe(layer)
  expect(gatewayProof({ ...parts, gatewayNonce: 'h', gatewayEpoch: 1 })).not.toBe(gateway)
})
