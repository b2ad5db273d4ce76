/*
 * exportLine: an entry as one line of an export: its exact text and its signature.
 * In: bytes and signature. Out: a line of JSON and back.
 * Invariant: what is read back are the same bytes; a signature has one written form.
 * Source: docs/audit.md "export".
 */

/** Writes a line, without its line feed. */
export function toExportLine(bytes: Uint8Array, signature: Uint8Array): string {
  return JSON.stringify({ entry: Buffer.from(bytes).toString('utf8'), sig: Buffer.from(signature).toString('base64') })
}

/** Reads a line; null when it is none. */
export function parseExportLine(line: string): { readonly bytes: Buffer; readonly signature: Buffer } | null {
  try {
    const { entry, sig } = JSON.parse(line) as { entry?: unknown; sig?: unknown }
    if (typeof entry !== 'string' || typeof sig !== 'string') return null
    const signature = Buffer.from(sig, 'base64')
    if (signature.toString('base64') !== sig) return null
    return { bytes: Buffer.from(entry, 'utf8'), signature }
  } catch {
    return null
  }
}
