/*
 * testResults: pure reading and counting of what the test runners wrote.
 * In: the vitest and Playwright result objects, the list of laws. Out: totals, laws per driver, skips with reasons, complaints.
 * Invariant: nothing that did not run counts as passed; a skip without a reason is a complaint, and so is a missing law.
 * Source: docs/adr/0001-toolchain.md.
 */

const SAID_LINES = 8
const SAID_CHARACTERS = 700

/** Reads the file of scripts/vitestResults.mjs. */
export function readVitest(report) {
  return { cases: report.cases, errors: report.errors }
}

/** Flattens Playwright's JSON report; an interrupted test is a failed one. */
export function readPlaywright(report) {
  const cases = []
  const walk = (suite, names) => {
    for (const spec of suite.specs ?? []) {
      for (const one of spec.tests) {
        const state = { expected: 'passed', skipped: 'skipped' }[one.status] ?? 'failed'
        const skip = one.annotations.find((note) => note.type === 'skip' || note.type === 'fixme')
        cases.push({
          project: 'e2e',
          file: spec.file,
          suites: names,
          name: spec.title,
          state,
          reason: state === 'skipped' ? (skip?.description ?? null) : null,
          said: state === 'failed' ? firstLines(one.results?.at(-1)?.error?.message) : null,
        })
      }
    }
    for (const child of suite.suites ?? []) walk(child, child.file === child.title ? names : [...names, child.title])
  }
  for (const suite of report.suites ?? []) walk(suite, [])
  return { cases, errors: (report.errors ?? []).length }
}

/** What a failure said, short enough for a summary and without colours. */
export function firstLines(message) {
  // oxlint-disable-next-line no-control-regex
  const plain = (message ?? '').replaceAll(/\u001b\[[0-9;]*m/g, '').trim()
  return plain === '' ? null : plain.split('\n').slice(0, SAID_LINES).join('\n').slice(0, SAID_CHARACTERS)
}

/**
 * Lays a second look at some files over the first: a case that failed and now passes counts as passed and is marked as
 * unsteady with what it first said; whatever fails in either look and does not pass in the second stays failed.
 */
export function overlaySecondLook(first, second) {
  const key = (one) => [one.project, one.file, ...one.suites, one.name].join(' > ')
  const again = new Map(second.map((one) => [key(one), one]))
  return first.map((one) => {
    const next = again.get(key(one))
    if (next === undefined) return one
    if (one.state === 'failed' && next.state === 'passed') return { ...next, unsteady: one.said ?? 'no words' }
    // What did not run at first, for what failed before it in its file, counts by its own run.
    return next.state === 'failed' || one.state === 'skipped' ? next : one
  })
}

/** One paragraph per failed case: where, which, and what it said. */
export function failureLines(cases) {
  return cases.filter((one) => one.state === 'failed').map((one) => `${titleOf(one)}\n${indent(one.said)}`)
}

/** The same for cases that passed only at a second look. */
export function unsteadyLines(cases) {
  return cases.filter((one) => one.unsteady).map((one) => `${titleOf(one)}\n${indent(one.unsteady)}`)
}

const titleOf = (one) => `${one.project}: ${[one.file, ...one.suites, one.name].join(' > ')}`
const indent = (text) => `    ${(text ?? 'no words').split('\n').join('\n    ')}`

/** Counts cases by state. */
export function countStates(cases) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const { state } of cases) totals[state] += 1
  return totals
}

/** Collects `law: <name>` cases by driver: the name of the outermost suite. */
export function lawsByDriver(cases) {
  const drivers = new Map()
  for (const one of cases) {
    if (!one.name.startsWith('law: ')) continue
    const driver = one.suites[0] ?? 'unnamed'
    const laws = drivers.get(driver) ?? { passed: [], failed: [], skipped: [] }
    laws[one.state].push(one.name.slice('law: '.length))
    drivers.set(driver, laws)
  }
  return drivers
}

/** Names the laws of `expected` that a driver neither passed, failed nor skipped with a reason. */
export function missingLaws(drivers, expected) {
  const complaints = []
  for (const [driver, laws] of drivers) {
    const seen = new Set([...laws.passed, ...laws.failed, ...laws.skipped])
    for (const law of expected) if (!seen.has(law)) complaints.push(`law not executed on ${driver}: ${law}`)
  }
  return complaints
}

/** One line per skipped case; the reason is part of the deal. */
export function skipLines(cases) {
  return cases
    .filter((one) => one.state === 'skipped')
    .map((one) => `${one.project}: ${[...one.suites, one.name].join(' > ')}: ${one.reason ?? 'NO REASON GIVEN'}`)
}
