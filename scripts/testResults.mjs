/*
 * testResults: pure reading and counting of what the test runners wrote.
 * In: the vitest and Playwright result objects, the list of laws. Out: totals, laws per driver, skips with reasons, complaints.
 * Invariant: nothing that did not run counts as passed; a skip without a reason is a complaint, and so is a missing law.
 * Source: docs/adr/0001-toolchain.md.
 */

/** Reads the file of scripts/vitestResults.mjs. */
export function readVitest(report) {
  return { cases: report.cases, errors: report.errors }
}

/** Flattens Playwright's JSON report; a test that passed on retry counts as passed, an interrupted one as failed. */
export function readPlaywright(report) {
  const cases = []
  const walk = (suite, names) => {
    for (const spec of suite.specs ?? []) {
      for (const one of spec.tests) {
        const state = { expected: 'passed', flaky: 'passed', skipped: 'skipped' }[one.status] ?? 'failed'
        const skip = one.annotations.find((note) => note.type === 'skip' || note.type === 'fixme')
        cases.push({
          project: 'e2e',
          file: spec.file,
          suites: names,
          name: spec.title,
          state,
          reason: state === 'skipped' ? (skip?.description ?? null) : null,
        })
      }
    }
    for (const child of suite.suites ?? []) walk(child, child.file === child.title ? names : [...names, child.title])
  }
  for (const suite of report.suites ?? []) walk(suite, [])
  return { cases, errors: (report.errors ?? []).length }
}

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
