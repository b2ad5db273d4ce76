/*
 * What an id on the wire looks like, without a schema library: pages read addresses with it.
 * In: text. Out: whether it is an id.
 * Invariant: the same rule as the schema WireId, from the same pattern.
 * Source: docs/protocol.md "ids".
 */
/** Property names that must never become keys of an object built from outside data. */
export const HOSTILE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** 1..128 characters; dots separate topic segments. */
export const WIRE_ID = /^[A-Za-z0-9_:-]{1,128}$/

/** Tells whether text may stand as an id. */
export function isWireId(text: string): boolean {
  return WIRE_ID.test(text) && !HOSTILE_KEYS.has(text)
}

/** Names a bus entry as a cause. */
export function entryCause(topic: string, entryId: string): string {
  return `${topic}@${entryId}`.slice(0, 256)
}
