/*
 * vitest: five projects, each a folder of tests with its own rules of time and parallelism.
 * In: tests/<project>/**. Out: results for scripts/test.mjs, which runs the projects that use a real Redis one after another.
 * Invariant: bounds are hang guards, never measurements; conformance and integration run file by file on two cores.
 * Source: docs/adr/0001-toolchain.md.
 */
import { defineConfig } from 'vitest/config'

const HANG_GUARD_MS = 60_000

const quick = (name: string) => ({
  test: { name, include: [`tests/${name}/**/*.test.{ts,tsx}`], pool: 'threads' as const, testTimeout: HANG_GUARD_MS },
})

const onRealServers = (name: string) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    pool: 'forks' as const,
    fileParallelism: false,
    testTimeout: HANG_GUARD_MS,
    hookTimeout: HANG_GUARD_MS,
    teardownTimeout: HANG_GUARD_MS,
  },
})

export default defineConfig({
  test: {
    projects: [
      quick('unit'),
      quick('architecture'),
      quick('contracts'),
      onRealServers('conformance'),
      onRealServers('integration'),
    ],
  },
})
