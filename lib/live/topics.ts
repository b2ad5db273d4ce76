/** Names what changed; a version per topic lets drawing compare instead of re-render. */
export interface Topics<T extends string> {
  version(topic: T): number
  subscribe(topic: T, listener: () => void): () => void
  emit(topic: T): void
}

/** Creates topics without listeners. */
export function createTopics<T extends string>(): Topics<T> {
  const versions = new Map<T, number>()
  const listeners = new Map<T, Set<() => void>>()
  return {
    version: (topic) => versions.get(topic) ?? 0,
    subscribe(topic, listener) {
      const set = listeners.get(topic) ?? new Set()
      listeners.set(topic, set.add(listener))
      return () => set.delete(listener)
    },
    emit(topic) {
      versions.set(topic, (versions.get(topic) ?? 0) + 1)
      for (const listener of listeners.get(topic) ?? []) listener()
    },
  }
}
