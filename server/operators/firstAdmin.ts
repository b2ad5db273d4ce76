/*
 * firstAdmin: how the first person gets in: a one-time code that the server prints to whoever started it.
 * In: whether anybody is there yet. Out: the code, once; whether what was given is it.
 * Invariant: the code is never kept but as a hash in memory; it is worth nothing from the moment somebody is there.
 * Source: docs/security.md "the first administrator".
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { fingerprint } from './subject.ts'

export interface FirstAdminDoor {
  /** For the person at the terminal; null when nobody is needed. */
  readonly code: string | null
  isOpen(): boolean
  matches(given: string): boolean
  close(): void
}

/** Without letters and digits that look alike. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

function newCode(): string {
  const letters = [...randomBytes(12)].map((byte) => ALPHABET[byte % ALPHABET.length]!)
  return [letters.slice(0, 4), letters.slice(4, 8), letters.slice(8)].map((part) => part.join('')).join('-')
}

const plain = (code: string): string => code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')

/** Opens the door when nobody is there yet. */
export function createFirstAdminDoor(isNeeded: boolean): FirstAdminDoor {
  const code = isNeeded ? newCode() : null
  let hash = code === null ? null : Buffer.from(fingerprint(plain(code)))
  return {
    code,
    isOpen: () => hash !== null,
    matches: (given) => hash !== null && timingSafeEqual(hash, Buffer.from(fingerprint(plain(given)))),
    close() {
      hash = null
    },
  }
}
