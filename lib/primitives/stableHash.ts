/*
 * stableHash: the same 32-bit number for the same text in every process, on every machine.
 * In: text. Out: unsigned 32 bits (FNV-1a over UTF-8, murmur3 finaliser). Golden: '' -> 0xab3e7c0b is asserted by its test.
 * Invariant: golden values never change; shards, schema ids and rollouts depend on them.
 * Source: docs/architecture.md (`hash(layer_id) % 100` differs per process).
 */
const encoder = new TextEncoder()

/** Hashes text to an unsigned 32-bit integer. Not cryptographic. */
export function stableHash(text: string): number {
  let h = 0x811c9dc5
  for (const byte of encoder.encode(text)) h = Math.imul(h ^ byte, 0x01000193)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
