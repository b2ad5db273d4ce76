/*
 * signing: Ed25519 over a domain tag and the exact bytes of an entry, and the proof that somebody we trust signed it.
 * In: key pairs as PEM text, bytes. Out: the entry fields `sig` and `key`; a scope, or a refusal by code.
 * Invariant: only canonical base64 of 64 bytes is a signature; a signature made for one purpose is none for another; never throws on
 * what came from outside.
 * Source: RFC 8032; docs/protocol.md "signatures"; docs/adr/0007-signed-commands.md.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/** What the bytes are for: a lease can not be passed off as a command. */
export type SignTag = 'morph-cmd-v1' | 'morph-lease-v1' | 'morph-hs-v1'

/** `gateway` may sign everything; `controller` single decisions about seeds only. */
export type KeyScope = 'gateway' | 'controller'

export interface Signature {
  /** Canonical base64, 88 characters. */
  readonly sig: string
  /** Key id: the first 16 hexadecimal digits of SHA-256 over the raw public key. */
  readonly key: string
}

export interface Signer {
  readonly keyId: string
  readonly publicKeyPem: string
  sign(tag: SignTag, bytes: Uint8Array): Signature
}

export interface TrustedKey {
  readonly publicKeyPem: string
  readonly scope: KeyScope
}

export type Verdict =
  | { readonly ok: true; readonly scope: KeyScope; readonly keyId: string }
  | { readonly ok: false; readonly code: 'COMMAND_SIGNATURE'; readonly text: string }

export type Verifier = (tag: SignTag, bytes: Uint8Array, sig: string | undefined, key: string | undefined) => Verdict

const SIGNATURE_BYTES = 64
const SIGNATURE_CHARS = 88
const RAW_KEY_BYTES = 32
const KEY_ID = /^[0-9a-f]{16}$/

/** Creates a signer. @throws TypeError when the text is not an Ed25519 private key */
export function createSigner(privateKeyPem: string): Signer {
  const privateKey = createPrivateKey(privateKeyPem)
  const publicKey = createPublicKey(privateKey)
  const keyId = keyIdOf(publicKey)
  return {
    keyId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign(tag, bytes) {
      return { sig: sign(null, tagged(tag, bytes), privateKey).toString('base64'), key: keyId }
    },
  }
}

/**
 * Creates a verifier that trusts exactly these keys; a key named twice keeps its first scope.
 * @throws TypeError when a text is not an Ed25519 public key
 */
export function createVerifier(trusted: readonly TrustedKey[]): Verifier {
  const keys = new Map<string, { readonly publicKey: KeyObject; readonly scope: KeyScope }>()
  for (const { publicKeyPem, scope } of trusted) {
    const publicKey = createPublicKey(publicKeyPem)
    const keyId = keyIdOf(publicKey)
    if (!keys.has(keyId)) keys.set(keyId, { publicKey, scope })
  }
  return (tag, bytes, sig, key) => {
    if (sig === undefined || key === undefined) return refuse('it is not signed')
    if (!KEY_ID.test(key)) return refuse('its key id is not 16 hexadecimal digits')
    const known = keys.get(key)
    if (!known) return refuse(`the key ${key} is not trusted`)
    const signature = canonical(sig)
    if (signature === null) return refuse('its signature is not canonical base64 of 64 bytes')
    if (!verify(null, tagged(tag, bytes), known.publicKey, signature))
      return refuse(`the signature of key ${key} does not fit the bytes`)
    return { ok: true, scope: known.scope, keyId: key }
  }
}

/** Names a public key. @throws TypeError when the text is not an Ed25519 public key */
export function keyIdOfPem(publicKeyPem: string): string {
  return keyIdOf(createPublicKey(publicKeyPem))
}

const refuse = (text: string): Verdict => ({ ok: false, code: 'COMMAND_SIGNATURE', text })

/** The last character of a base64 text has bits that decode to nothing: 2 of 20,000 altered texts would pass as the same bytes. */
function canonical(sig: string): Buffer | null {
  if (sig.length !== SIGNATURE_CHARS) return null
  const bytes = Buffer.from(sig, 'base64')
  return bytes.length === SIGNATURE_BYTES && bytes.toString('base64') === sig ? bytes : null
}

function tagged(tag: SignTag, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${tag}\n`, 'latin1'), bytes])
}

function keyIdOf(publicKey: KeyObject): string {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('the key is not an Ed25519 key')
  // SPKI of Ed25519 is a fixed prefix and the 32 raw bytes (RFC 8410).
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY_BYTES)
  return createHash('sha256').update(raw).digest('hex').slice(0, 16)
}
