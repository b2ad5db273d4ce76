/*
 * randomKey: a UUID for an intent, also where the browser keeps randomUUID for secure pages only (plain http on another name).
 * In: the source of chance. Out: a UUID of version 4.
 * Invariant: 122 random bits; the same form from both ways.
 * Source: RFC 9562, 5.4.
 */
type Chance = Pick<Crypto, 'getRandomValues'> & Partial<Pick<Crypto, 'randomUUID'>>

/** Makes a key that nobody made before. */
export function randomKey(chance: Chance = globalThis.crypto): string {
  if (chance.randomUUID !== undefined) return chance.randomUUID()
  const bytes = chance.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
