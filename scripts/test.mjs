/*
 * test: everything that gates a change, in order, with one summary.
 * In: the tree. Out: phase times, laws per driver, skips with reasons, and a last line `N passed, N failed, N skipped`.
 * Invariant: a later phase still runs after a failure, but any failure, any unexplained skip, a missing law or zero tests
 *   makes the exit code non-zero. Each gate (format, types, lint, build) counts as one test. Up to three files that failed beside
 *   real servers are run once more, alone; what passes only then is named as unsteady with what it said at first.
 * Source: docs/adr/0001-toolchain.md.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { GATES } from './gates.mjs'
import { ensureNextBuild } from './nextBuild.mjs'
import { ROOT, complain, localNode, runProgram, say, seconds, stopChildrenOnSignals } from './steps.mjs'
import {
  countStates,
  failureLines,
  lawsByDriver,
  missingLaws,
  overlaySecondLook,
  readPlaywright,
  readVitest,
  skipLines,
  unsteadyLines,
} from './testResults.mjs'

const VITEST = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const PLAYWRIGHT = path.join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js')
const LAWS = path.join(ROOT, 'tests', 'conformance', 'laws.json')
/** Each must have kept its laws; a name is part of its suite's name. */
const DRIVERS = ['memory', 'redis']
/** A phase that hangs is ended. */
const PHASE_FUSE_MS = 30 * 60_000
/** The tour goes through every state of every page, some of which take a minute to come about. */
const TOUR_FUSE_MS = 40 * 60_000
/** Files that failed beside real servers are run once more, alone; more of them than this are a fault of the tree. */
const SECOND_LOOK_FILES = 3
/** Later there is no time for it. */
const SECOND_LOOK_UNTIL_MS = 50 * 60_000

/** Before the fuse the runner ends by itself and writes what it has seen. */
const REPORT_MS = 60_000

const beganMs = performance.now()
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

/**
 * Runs a test program and reads its results; a program that fails without a failed case is a complaint of its own.
 * `env` is asked for each run; `again(files)` gives the arguments of a second look at files that failed, for programs that meet real servers and clocks.
 */
async function tests(name, { args, again, env, resultFile, read, fuseMs = PHASE_FUSE_MS }) {
  await phase(name, async () => {
    const first = await runTests(name, { args, env, resultFile, read, fuseMs })
    if (first === null) return true
    cases.push(...first.cases)
    if (first.cases.length === 0) complaints.push(`${name}: no tests were found`)
    const { failed } = countStates(first.cases)
    if (first.code !== 0 && failed === 0) complaints.push(`${name}: ended with code ${first.code} outside of a test`)
    if (first.code === 0 || failed === 0) return first.code !== 0 || first.cases.length === 0
    const files = [...new Set(first.cases.filter((one) => one.state === 'failed').map((one) => one.file))]
    const late = performance.now() - beganMs > SECOND_LOOK_UNTIL_MS
    if (again === undefined || files.length > SECOND_LOOK_FILES || first.errors > 0 || late) return true
    say(`\n-- a second look, alone: ${files.join(', ')}`)
    const second = await runTests(name, { args: again(files), env, resultFile, read, fuseMs })
    if (second === null) return true
    const settled = overlaySecondLook(first.cases, second.cases)
    cases.splice(-first.cases.length, first.cases.length, ...settled)
    return second.code !== 0 || countStates(settled).failed > 0
  })
}

/** One run; null when it wrote no results, which is then a complaint. */
async function runTests(name, { args, env, resultFile, read, fuseMs }) {
  rmSync(resultFile, { force: true })
  // Temporary folders of tests lie inside ours: a run that is killed leaves none behind.
  const inside = { ...(await env()), TMPDIR: work, NODE_ENV: undefined }
  const result = await runProgram(name, localNode(), args, { quiet: false, env: inside, timeoutMs: fuseMs })
  if (!existsSync(resultFile)) {
    complaints.push(`${name}: ended with code ${result.code} and wrote no results`)
    return null
  }
  return { code: result.code, ...read(JSON.parse(readFileSync(resultFile, 'utf8'))) }
}

function vitest(name, projects, realServers = false) {
  const resultFile = path.join(work, `${name}.json`)
  const selected = projects.flatMap((project) => ['--project', project])
  const args = [VITEST, 'run', ...selected, '--reporter=default', '--reporter=./scripts/vitestResults.mjs']
  return tests(name, {
    args,
    ...(realServers ? { again: (files) => [...args, ...files] } : {}),
    env: () => ({ MORPHOSCOPE_RESULTS: resultFile }),
    resultFile,
    read: readVitest,
  })
}

async function browserTests(name, part, fuseMs) {
  const resultFile = path.join(work, `${part}.json`)
  const log = path.join(work, `${part}.log`)
  // A second look begins with a product that knows nothing of the first.
  const env = async () => ({
    E2E_PART: part,
    E2E_PORT: await freePort(),
    E2E_DATA_DIR: mkdtempSync(path.join(work, `${part}-`)),
    E2E_LOG: log,
    E2E_RESULTS: resultFile,
    E2E_BOUND_MS: String(fuseMs - REPORT_MS),
  })
  const args = [PLAYWRIGHT, 'test']
  await tests(name, { args, again: (files) => [...args, ...files], env, resultFile, read: readPlaywright, fuseMs })
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
  const unsteady = unsteadyLines(cases)
  if (unsteady.length > 0) say(`unsteady, passed only at a second look:\n  ${unsteady.join('\n  ')}`)
  const failures = failureLines(cases)
  if (failures.length > 0) say(`failed:\n  ${failures.join('\n  ')}`)
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
  await vitest('conformance', ['conformance'], true)
  await vitest('integration', ['integration'], true)
  await gate('build', async () => (await ensureNextBuild())?.split('\n') ?? null)
  if (phases.at(-1)?.failed) complaints.push('browser: not run, because the pages did not build')
  else {
    await browserTests('browser', 'pages', PHASE_FUSE_MS)
    await browserTests('tour', 'tour', TOUR_FUSE_MS)
  }
  process.exitCode = summary() ? 0 : 1
} finally {
  tidy()
}
