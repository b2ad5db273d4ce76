/*
 * auditKey: the key that signs entries and checkpoints, and the public halves that verify them.
 * In: Ed25519 keys as PEM. Out: signatures over tagged bytes, yes or no for a signature.
 * Invariant: an entry's signature never passes for a checkpoint's: each is made under its own tag; a private key is never shown.
 * Source: docs/audit.md "keys".
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'

const ENTRY_TAG = Buffer.from('morph-audit-v1\n')
/** DER of an Ed25519 public key is this long; the raw key is its end. */
const RAW_BYTES = 32

export interface AuditVerifier {
  readonly keyId: string
  readonly rawPublicKey: Buffer
  verifyEntry(bytes: Uint8Array, signature: Uint8Array): boolean
  verifyNote(text: Uint8Array, signature: Uint8Array): boolean
}

export interface AuditSigner extends AuditVerifier {
  readonly publicKeyPem: string
  signEntry(bytes: Uint8Array): Buffer
  signNote(text: Uint8Array): Buffer
}

function toVerifier(key: KeyObject): AuditVerifier {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('an audit key is an Ed25519 key')
  const rawPublicKey = key.export({ format: 'der', type: 'spki' }).subarray(-RAW_BYTES)
  return {
    keyId: createHash('sha256').update(rawPublicKey).digest('hex').slice(0, 16),
    rawPublicKey,
    verifyEntry: (bytes, signature) => verify(null, Buffer.concat([ENTRY_TAG, bytes]), key, signature),
    verifyNote: (text, signature) => verify(null, text, key, signature),
  }
}

/** Reads a public key. @throws TypeError when it is none of Ed25519 */
export function createAuditVerifier(publicKeyPem: string): AuditVerifier {
  return toVerifier(createPublicKey(publicKeyPem))
}

/** Reads a private key. @throws TypeError when it is none of Ed25519 */
export function createAuditSigner(privateKeyPem: string): AuditSigner {
  const key = createPrivateKey(privateKeyPem)
  const publicKey = createPublicKey(key)
  return {
    ...toVerifier(publicKey),
    publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    signEntry: (bytes) => sign(null, Buffer.concat([ENTRY_TAG, bytes]), key),
    signNote: (text) => sign(null, text, key),
  }
}
