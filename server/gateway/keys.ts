/*
 * keys: the key files of one installation in DATA_DIR/keys: made at the first start, read ever after.
 * In: the data folder. Out: the gateway's signer and the layer secret; what a layer trusts; the controller's signer.
 * Invariant: a private key is readable by its owner only and never leaves its file but into this process; of two processes that start
 * at once one makes a file and both use it. Public keys lie beside as `.pub`, to be copied to layers elsewhere.
 * Source: docs/adr/0007-signed-commands.md; docs/adr/0008-gateway-process.md.
 */
import path from 'node:path'
import { createSigner, type Signer, type TrustedKey } from '../../lib/commands/signing.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { readOrMakeKey, readOrMakeSecret } from '../stores/keyFiles.ts'

const SECRET_BYTES = 32

export interface GatewayKeys {
  readonly signer: Signer
  /** Shared with layer agents: they prove with it that they belong to this installation. */
  readonly layerSecret: string
}

const folderOf = (dataDir: string): string => path.join(dataDir, 'keys')

/** Says which file is wrong; its content is never part of a sentence. */
function reading<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'not an Ed25519 key in PEM form'
    const text = `${file} can not be used (${code}). Put the right file back, or move it away: a new one is made at the next start`
    throw new AppError('CONFIG_INVALID', text, { path: 'DATA_DIR' }, error)
  }
}

function signerOf(dataDir: string, name: 'gateway' | 'controller'): Signer {
  const file = path.join(folderOf(dataDir), `${name}.pem`)
  return reading(file, () => createSigner(readOrMakeKey(file)))
}

function layerSecretOf(dataDir: string): string {
  const file = path.join(folderOf(dataDir), 'layer.secret')
  const text = reading(file, () => readOrMakeSecret(file))
  if (text.length >= SECRET_BYTES) return text
  throw new AppError('CONFIG_INVALID', `${file} is shorter than ${SECRET_BYTES} characters`, { path: 'DATA_DIR' })
}

/** @throws CONFIG_INVALID when a file is there and can not be used */
export function openGatewayKeys(dataDir: string): GatewayKeys {
  return { signer: signerOf(dataDir, 'gateway'), layerSecret: layerSecretOf(dataDir) }
}

/** What a layer agent of this installation believes. @throws CONFIG_INVALID */
export function openLayerTrust(dataDir: string): { readonly trusted: TrustedKey[]; readonly layerSecret: string } {
  const of = (name: 'gateway' | 'controller'): TrustedKey => ({
    publicKeyPem: signerOf(dataDir, name).publicKeyPem,
    scope: name,
  })
  return { trusted: [of('gateway'), of('controller')], layerSecret: layerSecretOf(dataDir) }
}

/** @throws CONFIG_INVALID */
export function openControllerSigner(dataDir: string): Signer {
  return signerOf(dataDir, 'controller')
}
