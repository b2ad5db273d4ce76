/*
 * signing: who may have signed what.
 * In: real Ed25519 keys, bytes, and every way to spoil a signature. Out: a scope only for the untouched original.
 * Invariant: seeds of the generators are printed by fast-check on failure.
 * Source: docs/protocol.md "signatures".
 */
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSigner, createVerifier, keyIdOfPem } from '../../../../lib/commands/signing.ts'

const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const gateway = createSigner(newKey())
const controller = createSigner(newKey())
const stranger = createSigner(newKey())
const verify = createVerifier([
  { publicKeyPem: gateway.publicKeyPem, scope: 'gateway' },
  { publicKeyPem: controller.publicKeyPem, scope: 'controller' },
])
const bytes = new TextEncoder().encode('{"message_type":"NoOp"}')
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

describe('a signature that is what it says', () => {
  test('tells the scope of the key that made it', () => {
    for (const [signer, scope] of [
      [gateway, 'gateway'],
      [controller, 'controller'],
    ] as const) {
      const { sig, key } = signer.sign('morph-cmd-v1', bytes)
      expect(verify('morph-cmd-v1', bytes, sig, key)).toEqual({ ok: true, scope, keyId: signer.keyId })
    }
  })

  test('a key id is the first 16 digits of the hash of the raw key', () => {
    const raw = createPublicKey(gateway.publicKeyPem).export({ format: 'jwk' }).x ?? ''
    const hash = createHash('sha256').update(Buffer.from(raw, 'base64url')).digest('hex')
    expect(gateway.keyId).toBe(hash.slice(0, 16))
    expect(keyIdOfPem(gateway.publicKeyPem)).toBe(gateway.keyId)
    expect(gateway.sign('morph-cmd-v1', bytes).key).toBe(gateway.keyId)
  })

  test('the first of two scopes for one key stands', () => {
    const twice = createVerifier([
      { publicKeyPem: controller.publicKeyPem, scope: 'controller' },
      { publicKeyPem: controller.publicKeyPem, scope: 'gateway' },
    ])
    const { sig, key } = controller.sign('morph-cmd-v1', bytes)
    expect(twice('morph-cmd-v1', bytes, sig, key)).toMatchObject({ ok: true, scope: 'controller' })
  })

  test('keys of other kinds are refused when the signer or the verifier is made', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    expect(() => createSigner(pem)).toThrow(TypeError)
    const publicKeyPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
    expect(() => createVerifier([{ publicKeyPem, scope: 'gateway' }])).toThrow(TypeError)
  })
})

describe('a signature that is not', () => {
  const { sig, key } = gateway.sign('morph-cmd-v1', bytes)
  const refused = (text: string) => ({ ok: false, code: 'COMMAND_SIGNATURE', text: expect.stringContaining(text) })

  test('nothing at all, a strange key and a foreign key id are refused by name', () => {
    expect(verify('morph-cmd-v1', bytes, undefined, undefined)).toEqual(refused('not signed'))
    expect(verify('morph-cmd-v1', bytes, sig, undefined)).toEqual(refused('not signed'))
    const other = stranger.sign('morph-cmd-v1', bytes)
    expect(verify('morph-cmd-v1', bytes, other.sig, other.key)).toEqual(refused('not trusted'))
    expect(verify('morph-cmd-v1', bytes, other.sig, gateway.keyId)).toEqual(refused('does not fit'))
    expect(verify('morph-cmd-v1', bytes, sig, controller.keyId)).toEqual(refused('does not fit'))
    expect(verify('morph-cmd-v1', bytes, sig, key.toUpperCase())).toEqual(refused('hexadecimal'))
  })

  test('one made for another purpose is none', () => {
    for (const tag of ['morph-lease-v1', 'morph-hs-v1'] as const) {
      expect(verify(tag, bytes, sig, key)).toEqual(refused('does not fit'))
      const lease = gateway.sign(tag, bytes)
      expect(verify('morph-cmd-v1', bytes, lease.sig, lease.key)).toEqual(refused('does not fit'))
    }
  })

  test('the same 64 bytes written in any other way are refused', () => {
    const last = ALPHABET.indexOf(sig.at(-3) ?? '')
    // The two characters before "==" hold 12 bits, of which four decode to nothing.
    const unused = Array.from({ length: 16 }, (_, bits) => ALPHABET[(last & 0x30) | bits])
    const same = unused.map((character) => `${sig.slice(0, -3)}${character}==`).filter((text) => text !== sig)
    expect(same).toHaveLength(15)
    const spellings = [...same, sig.slice(0, -2), ` ${sig}`, `${sig}\n`, sig.replace('==', '='), `${sig}==`]
    spellings.push(Buffer.from(sig, 'base64').toString('base64url'), Buffer.from(sig, 'base64').toString('hex'))
    for (const text of spellings) {
      expect(Buffer.from(sig, 'base64').equals(Buffer.from(text, text.length === 128 ? 'hex' : 'base64')), text).toBe(
        true,
      )
      expect(verify('morph-cmd-v1', bytes, text, key), text).toEqual(refused('canonical'))
    }
  })

  test('any one bit of the bytes or of the signature turned is refused', () => {
    const raw = Buffer.from(sig, 'base64')
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), (inBytes, at) => {
        const changed = inBytes ? bytes.slice() : new Uint8Array(raw)
        const bit = at % (changed.length * 8)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const verdict = inBytes
          ? verify('morph-cmd-v1', changed, sig, key)
          : verify('morph-cmd-v1', bytes, Buffer.from(changed).toString('base64'), key)
        return !verdict.ok
      }),
      { numRuns: 1_000 },
    )
  })

  test('no text whatever makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 40 }), fc.uint8Array(), (text, id, data) => {
        return !verify('morph-cmd-v1', data, text, id).ok && !verify('morph-cmd-v1', data, text, key).ok
      }),
      { numRuns: 2_000 },
    )
  })
})
