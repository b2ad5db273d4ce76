/*
 * Playwright: a real Chromium against the real product, started by the same runner as `npm start`.
 * In: E2E_PART (pages, tour), E2E_PORT, E2E_DATA_DIR, E2E_LOG, E2E_RESULTS, E2E_BOUND_MS from scripts/test.mjs; all have
 *   defaults for a run by hand.
 * Invariant: one worker, an empty data folder, an embedded redis-server of its own; nothing of the developer's is touched.
 * Source: docs/adr/0001-toolchain.md.
 */
import { mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/chromium.mjs'

const chromium = await findChromium()
const port = process.env['E2E_PORT'] ?? '3127'
const dataDir = process.env['E2E_DATA_DIR'] ?? path.join(tmpdir(), `morphoscope-e2e-${userInfo().uid}`)
mkdirSync(dataDir, { recursive: true })
const log = process.env['E2E_LOG'] ?? path.join(dataDir, 'product.log')
const results = process.env['E2E_RESULTS']
/** The tour of all states brings its own products: it has its own time, and no other product runs beside it. */
const TOUR = '**/states.spec.ts'
const part = process.env['E2E_PART']
const bound = process.env['E2E_BOUND_MS']

export default defineConfig({
  testDir: 'tests/e2e',
  ...(part === 'tour' ? { testMatch: TOUR } : {}),
  ...(part === 'pages' ? { testIgnore: TOUR } : {}),
  ...(bound === undefined ? {} : { globalTimeout: Number(bound) }),
  outputDir: path.join(dataDir, 'playwright'),
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] === 'true',
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: results ? [['list'], ['json', { outputFile: results }]] : [['list']],
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    trace: 'off',
    launchOptions: {
      executablePath: chromium.executablePath,
      args: chromium.args,
      env: { ...(process.env as Record<string, string>), ...chromium.env },
    },
  },
  ...(part === 'tour'
    ? {}
    : {
        webServer: {
          command: `exec node scripts/run.mjs > ${JSON.stringify(log)} 2>&1`,
          url: `http://127.0.0.1:${port}/api/health/ready`,
          timeout: 90_000,
          reuseExistingServer: false,
          gracefulShutdown: { signal: 'SIGTERM', timeout: 15_000 },
          // An empty value counts as unset: the tests never meet the developer's own Redis.
          env: { PORT: port, HOST: '127.0.0.1', DATA_DIR: dataDir, BUS: '', REDIS_URL: '', LOG_LEVEL: 'warn' },
        },
      }),
})
