/** Computes the wait before reconnect attempt n (1 = first): 20 to 50 ms, doubling with jitter, at most 10 s. `chance` in 0..1. */
export function reconnectDelayMs(attempt: number, chance: number): number {
  const firstMs = 20 + chance * 30
  // The cap is jittered as well, so that a thousand pages do not come back in the same second.
  const capMs = 10_000 * (0.75 + chance * 0.25)
  return Math.min(capMs, firstMs * 2 ** Math.min(20, attempt - 1))
}
