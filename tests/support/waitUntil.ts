/*
 * waitUntil: waits for a condition of the real world and says what it waited for when it never comes.
 * In: a condition. Out: resolves when it holds; the bound is a hang guard, never a measurement.
 * Invariant: no test sleeps a fixed time for something it can observe.
 * Source: docs/bus.md "how it is tested".
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  guardMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + guardMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`never came true within ${guardMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}
