#!/usr/bin/env node
/*
 * morphoscope: the command line: looks at the product, stops it, and sends commands.
 * In: arguments; settings of the environment and of .env. Out: lines or JSON, an exit code of docs/cli.md.
 * Invariant: any Node from 20.9 on may start it; the work is done by the product's own.
 * Source: docs/cli.md; docs/emergency-stop.md "from the command line".
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ROOT, complain, localNode } from './steps.mjs'

const MAIN = path.join(ROOT, 'server', 'cli', 'main.ts')
const OWN_MAJOR = 24

if (Number(process.versions.node.split('.')[0]) >= OWN_MAJOR) {
  const envFile = path.join(ROOT, '.env')
  if (existsSync(envFile)) process.loadEnvFile(envFile)
  await import(MAIN)
} else if (existsSync(localNode())) {
  const { status, signal } = spawnSync(localNode(), [import.meta.filename, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1)
} else {
  complain('morphoscope: not set up yet. Run npm start once (it sets up first), or node scripts/setup.mjs')
  process.exitCode = 78
}
