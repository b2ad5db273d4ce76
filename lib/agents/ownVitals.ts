/* Own vitals: what this process uses, as a heartbeat carries it: processor in cores since the last asking, memory in bytes. */
import type { Clock } from '../primitives/clock.ts'

/** Creates a meter; its first answer has no processor figure, because a rate needs two readings. */
export function createOwnVitals(clock: Clock): () => { readonly cpu: number | null; readonly rss: number } {
  let before: { readonly atMs: number; readonly cpuMs: number } | null = null
  return () => {
    const { user, system } = process.cpuUsage()
    const now = { atMs: clock.monotonicMs(), cpuMs: (user + system) / 1_000 }
    const spanMs = before === null ? 0 : now.atMs - before.atMs
    const cpu = before === null || spanMs <= 0 ? null : (now.cpuMs - before.cpuMs) / spanMs
    before = now
    return { cpu, rss: process.memoryUsage.rss() }
  }
}
