/*
 * test: everything that gates a change, in order, with one summary.
 * In: the tree. Out: phase times, laws per driver, skips with reasons, and a last line `N passed, N failed, N skipped`.
 * Invariant: a later phase still runs after a failure, but any failure, any unexplained skip, a missing law or zero tests
 *   makes the exit code non-zero. Each gate (format, types, lint, build) counts as one test.
 * Source: docs/adr/0001-toolchain.md.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { GATES } from './gates.mjs'
import { ensureNextBuild } from './nextBuild.mjs'
import { ROOT, complain, localNode, runProgram, say, seconds, stopChildrenOnSignals } from './steps.mjs'
import { countStates, lawsByDriver, missingLaws, readPlaywright, readVitest, skipLines } from './testResults.mjs'

const VITEST = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const PLAYWRIGHT = path.join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js')
const LAWS = path.join(ROOT, 'tests', 'conformance', 'laws.json')
/** Each must have kept its laws; a name is part of its suite's name. */
const DRIVERS = ['memory', 'redis']
/** A phase that hangs is ended; the browser goes through every state of every page, some of which take a minute to come about. */
const PHASE_FUSE_MS = 30 * 60_000

const work = mkdtempSync(path.join(tmpdir(), 'morphoscope-test-'))
// Postgres refuses to run as root: as another user it must be able to pass through.
chmodSync(work, 0o711)
const cases = []
const phases = []
const complaints = []

const tidy = () => rmSync(work, { recursive: true, force: true, maxRetries: 3 })

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(String(port)))
    })
  })
}

async function phase(name, body) {
  say(`\n== ${name}`)
  const startedMs = performance.now()
  const failed = await body()
  const ms = performance.now() - startedMs
  phases.push({ name, ms, failed })
  say(`== ${name}: ${failed ? 'FAILED' : 'ok'} in ${seconds(ms)}`)
}

function gate(name, run) {
  return phase(name, async () => {
    const problem = await run()
    for (const line of problem ?? []) say(line)
    cases.push({ project: 'gate', suites: [], name, state: problem ? 'failed' : 'passed', reason: null })
    return problem !== null
  })
}

/** Runs a test program and reads its results; a program that fails without a failed case is a complaint of its own. */
async function tests(name, args, env, resultFile, read) {
  await phase(name, async () => {
    // Temporary folders of tests lie inside ours: a run that is killed leaves none behind.
    const inside = { ...env, TMPDIR: work, NODE_ENV: undefined }
    const result = await runProgram(name, localNode(), args, { quiet: false, env: inside, timeoutMs: PHASE_FUSE_MS })
    if (!existsSync(resultFile)) {
      complaints.push(`${name}: ended with code ${result.code} and wrote no results`)
      return true
    }
    const report = read(JSON.parse(readFileSync(resultFile, 'utf8')))
    cases.push(...report.cases)
    const { failed } = countStates(report.cases)
    if (report.cases.length === 0) complaints.push(`${name}: no tests were found`)
    else if (result.code !== 0 && failed === 0)
      complaints.push(`${name}: ended with code ${result.code} outside of a test`)
    return result.code !== 0 || failed > 0 || report.cases.length === 0
  })
}

function vitest(name, projects) {
  const file = path.join(work, `${name}.json`)
  const selected = projects.flatMap((project) => ['--project', project])
  const args = [VITEST, 'run', ...selected, '--reporter=default', '--reporter=./scripts/vitestResults.mjs']
  return tests(name, args, { MORPHOSCOPE_RESULTS: file }, file, readVitest)
}

async function browserTests() {
  const file = path.join(work, 'e2e.json')
  const log = path.join(work, 'product.log')
  const env = { E2E_PORT: await freePort(), E2E_DATA_DIR: work, E2E_LOG: log, E2E_RESULTS: file }
  await tests('browser', [PLAYWRIGHT, 'test'], env, file, readPlaywright)
  if (phases.at(-1)?.failed && existsSync(log)) {
    say('The product said, last lines:')
    for (const line of readFileSync(log, 'utf8').trimEnd().split('\n').slice(-40)) say(`  ${line}`)
  }
}

function reportLaws() {
  const drivers = lawsByDriver(cases)
  for (const [driver, laws] of drivers) {
    const parts = [`${laws.passed.length} passed`, `${laws.failed.length} failed`, `${laws.skipped.length} skipped`]
    say(`laws executed on ${driver}: ${laws.passed.length + laws.failed.length} (${parts.join(', ')})`)
  }
  for (const name of DRIVERS) {
    if ([...drivers].some(([driver, laws]) => driver.includes(name) && laws.passed.length > 0)) continue
    say(`laws executed on ${name}: 0`)
    // Away from CI a machine without a redis-server may go on: the skip and its reason are in the list.
    if (name === 'memory' || process.env.CI === 'true') complaints.push(`no law was kept on ${name}`)
  }
  const list = JSON.parse(readFileSync(LAWS, 'utf8'))
  complaints.push(...missingLaws(drivers, list))
}

function summary() {
  say('\n== summary')
  for (const { name, ms, failed } of phases)
    say(`${name.padEnd(12)} ${seconds(ms).padStart(8)}  ${failed ? 'FAILED' : 'ok'}`)
  reportLaws()
  for (const project of new Set(cases.map((one) => one.project))) {
    const { passed, failed, skipped } = countStates(cases.filter((one) => one.project === project))
    say(`${project.padEnd(12)} ${passed} passed, ${failed} failed, ${skipped} skipped`)
  }
  const skips = skipLines(cases)
  if (skips.length > 0) say(`skipped, each with its reason:\n  ${skips.join('\n  ')}`)
  if (cases.some((one) => one.state === 'skipped' && !one.reason)) complaints.push('a skipped test gives no reason')
  for (const text of complaints) complain(`FAILED: ${text}`)
  const totals = countStates(cases)
  totals.failed += complaints.length
  say(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
  return totals.failed === 0 && totals.passed > 0
}

stopChildrenOnSignals(tidy)
try {
  for (const { name, run } of GATES) await gate(name, run)
  await vitest('unit', ['unit', 'architecture', 'contracts'])
  await vitest('conformance', ['conformance'])
  await vitest('integration', ['integration'])
  await gate('build', async () => (await ensureNextBuild())?.split('\n') ?? null)
  if (phases.at(-1)?.failed) complaints.push('browser: not run, because the pages did not build')
  else await browserTests()
  process.exitCode = summary() ? 0 : 1
} finally {
  tidy()
}
