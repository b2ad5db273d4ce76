/*
 * canonicalJson: one value, one text: JSON as RFC 8785 writes it, so that what is hashed can be rebuilt anywhere.
 * In: plain data. Out: text.
 * Invariant: keys are sorted by their UTF-16 units, nothing is left to the order in which an object was made; what JSON can not
 * say (NaN, undefined, functions) is refused, never dropped.
 * Source: docs/audit.md "entries".
 */

/** Writes a value. @throws TypeError for what JSON can not say */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no JSON')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`a value of type ${typeof value} has no JSON`)
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  const parts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`)
  return `{${parts.join(',')}}`
}
