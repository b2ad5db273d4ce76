import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createVerifier } from '../../../../lib/commands/signing.ts'
import { openControllerSigner, openGatewayKeys, openLayerTrust } from '../../../../server/gateway/keys.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'keys-'))
  folders.push(made)
  return made
}

test('keys are made once: whoever opens them first, a layer believes what gateway and controller sign', () => {
  const dataDir = folder()
  const trust = openLayerTrust(dataDir)
  const { signer, layerSecret } = openGatewayKeys(dataDir)
  const controller = openControllerSigner(dataDir)
  expect(layerSecret).toBe(trust.layerSecret)
  const bytes = new TextEncoder().encode('{}')
  const verify = createVerifier(trust.trusted)
  const byGateway = signer.sign('morph-cmd-v1', bytes)
  const byController = controller.sign('morph-cmd-v1', bytes)
  expect(verify('morph-cmd-v1', bytes, byGateway.sig, byGateway.key)).toMatchObject({ ok: true, scope: 'gateway' })
  expect(verify('morph-cmd-v1', bytes, byController.sig, byController.key)).toMatchObject({ scope: 'controller' })
})

test('private files are for their owner only; a public key that went missing is written again', () => {
  const dataDir = folder()
  const { signer } = openGatewayKeys(dataDir)
  for (const file of ['gateway.pem', 'layer.secret'])
    expect(statSync(path.join(dataDir, 'keys', file)).mode & 0o777, file).toBe(0o600)
  rmSync(path.join(dataDir, 'keys', 'gateway.pub'))
  openGatewayKeys(dataDir)
  expect(readFileSync(path.join(dataDir, 'keys', 'gateway.pub'), 'utf8')).toBe(signer.publicKeyPem)
})

test('a damaged key is a configuration error that names the file and shows nothing of it', () => {
  const dataDir = folder()
  openGatewayKeys(dataDir)
  writeFileSync(path.join(dataDir, 'keys', 'gateway.pem'), 'my secret')
  expect(() => openGatewayKeys(dataDir)).toThrow(/gateway\.pem can not be used/)
  expect(() => openGatewayKeys(dataDir)).not.toThrow(/my secret/)
  writeFileSync(path.join(dataDir, 'keys', 'layer.secret'), 'short')
  expect(() => openLayerTrust(dataDir)).toThrow(/gateway\.pem|layer\.secret/)
})
