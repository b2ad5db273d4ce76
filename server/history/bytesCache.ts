/* bytesCache: what was unpacked last, up to a number of bytes; what was asked for longest ago goes first. Source: docs/history.md "reading". */

export interface BytesCache {
  /** What is kept under the key, or what `make` gives. */
  get<T>(key: string, make: () => { readonly value: T; readonly bytes: number }): T
}

/** Creates an empty cache. */
export function createBytesCache(maxBytes: number): BytesCache {
  const kept = new Map<string, { readonly value: unknown; readonly bytes: number }>()
  let bytes = 0
  return {
    get<T>(key: string, make: () => { readonly value: T; readonly bytes: number }): T {
      const known = kept.get(key)
      if (known !== undefined) {
        kept.delete(key)
        kept.set(key, known)
        return known.value as T
      }
      const made = make()
      kept.set(key, made)
      bytes += made.bytes + 256
      for (const [oldest, entry] of kept) {
        if (bytes <= maxBytes || oldest === key) break
        kept.delete(oldest)
        bytes -= entry.bytes + 256
      }
      return made.value
    },
  }
}
