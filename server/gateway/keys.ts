/*
 * keys: the key files of one installation in DATA_DIR/keys: made at the first start, read ever after.
 * In: the data folder. Out: the gateway's signer and the layer secret; what a layer trusts; the controller's signer.
 * Invariant: a private key is readable by its owner only and never leaves its file but into this process; of two processes that start
 * at once one makes a file and both use it. Public keys lie beside as `.pub`, to be copied to layers elsewhere.
 * Source: docs/adr/0007-signed-commands.md; docs/adr/0008-gateway-process.md.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { createSigner, type Signer, type TrustedKey } from '../../lib/commands/signing.ts'
import { AppError } from '../../lib/contracts/appError.ts'

const SECRET_BYTES = 32

export interface GatewayKeys {
  readonly signer: Signer
  /** Shared with layer agents: they prove with it that they belong to this installation. */
  readonly layerSecret: string
}

const folderOf = (dataDir: string): string => path.join(dataDir, 'keys')

/** Writes a file unless it is there already; whoever comes second uses the first one's. */
function makeOnce(file: string, content: () => string): void {
  if (existsSync(file)) return
  const beside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = openSync(beside, 'wx', 0o600)
  try {
    writeSync(handle, content())
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(beside, file)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  } finally {
    rmSync(beside, { force: true })
  }
}

const newPrivateKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

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
  return reading(file, () => {
    mkdirSync(folderOf(dataDir), { recursive: true, mode: 0o700 })
    makeOnce(file, newPrivateKey)
    const signer = createSigner(readFileSync(file, 'utf8'))
    // Derived, so it is simply made again when it is missing.
    if (!existsSync(`${file.slice(0, -4)}.pub`)) writeFileSync(`${file.slice(0, -4)}.pub`, signer.publicKeyPem)
    return signer
  })
}

function layerSecretOf(dataDir: string): string {
  const file = path.join(folderOf(dataDir), 'layer.secret')
  const text = reading(file, () => {
    mkdirSync(folderOf(dataDir), { recursive: true, mode: 0o700 })
    makeOnce(file, () => `${randomBytes(SECRET_BYTES).toString('hex')}\n`)
    return readFileSync(file, 'utf8').trim()
  })
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
