import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAuditSigner, createAuditVerifier } from '../../../../lib/audit/auditKey.ts'
import { canonicalJson } from '../../../../lib/audit/canonicalJson.ts'
import { GENESIS_HASH, decodeEntry, encodeEntry, type AuditEntry } from '../../../../lib/audit/entry.ts'

const entry: AuditEntry = {
  v: 1,
  log_id: 'log',
  seq: 0,
  prev_hash: GENESIS_HASH,
  writer_id: 'w',
  writer_epoch: 1,
  writer_seq: 0,
  ts_wall: 1_800_000_000_000,
  ts_mono: 1.5,
  redis_time: null,
  actor_id: 'demo-1',
  actor_role: ['operator'],
  auth_method: 'demo',
  session_hash: null,
  src_ip_hash: null,
  action: 'command.intent',
  object_type: 'seed',
  object_id: 'embed/3',
  params_hash: null,
  params: { target: 'GERMINATED', '\u2028': '=cmd|"<script>' },
  reason_text: 'because \u{1F331}',
  command_id: 'c',
  idempotency_key: null,
  approvals: [],
  precondition: null,
  outcome: 'intent',
  error_code: null,
  result_hash: null,
  correlation_id: null,
  policy_version: '1',
  software_version: '0.1.0',
  key_id: 'k',
}

test('the same value has one text, whatever order its object was made in', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const again = JSON.parse(canonicalJson(value)) as unknown
      return canonicalJson(again) === canonicalJson(value)
    }),
    { seed: 3 },
  )
  expect(canonicalJson({ b: 1, a: [true, null, 'x'], c: undefined })).toBe('{"a":[true,null,"x"],"b":1}')
  expect(() => canonicalJson({ loss: NaN })).toThrow('not finite')
})

test('an entry reads back as it was written; bytes in another form are no entry', () => {
  const bytes = encodeEntry(entry)
  expect(decodeEntry(bytes)).toEqual(entry)
  expect(decodeEntry(Buffer.from(JSON.stringify(entry, null, 1)))).toBeNull()
  expect(decodeEntry(Buffer.from('{"v":1'))).toBeNull()
  expect(decodeEntry(encodeEntry({ ...entry, extra: 1 } as AuditEntry))).toBeNull()
})

test('a signature of an entry passes for nothing else', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const signer = createAuditSigner(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  const verifier = createAuditVerifier(signer.publicKeyPem)
  const bytes = encodeEntry(entry)
  const signature = signer.signEntry(bytes)
  expect(verifier.keyId).toBe(signer.keyId)
  expect(verifier.verifyEntry(bytes, signature)).toBe(true)
  expect(verifier.verifyNote(bytes, signature)).toBe(false)
  expect(verifier.verifyEntry(encodeEntry({ ...entry, outcome: 'done' }), signature)).toBe(false)
})
