/*
 * vitestResults: a vitest reporter that writes what scripts/test.mjs counts.
 * In: finished test cases. Out: one JSON file (MORPHOSCOPE_RESULTS) with project, suites, name, state, reason of a skip.
 * Invariant: every collected case appears exactly once; errors outside of tests are failures too.
 * Source: docs/adr/0001-toolchain.md.
 */
import { writeFileSync } from 'node:fs'
import { firstLines } from './testResults.mjs'

function suitesOf(testCase) {
  const names = []
  for (let parent = testCase.parent; parent && parent.type === 'suite'; parent = parent.parent)
    names.unshift(parent.name)
  return names
}

function describeCase(testCase) {
  const result = testCase.result()
  return {
    project: testCase.project.name,
    file: testCase.module.relativeModuleId ?? testCase.module.moduleId,
    suites: suitesOf(testCase),
    name: testCase.name,
    // A case still pending at the end did not run: that is a failure of the run, not a skip.
    state: result.state === 'pending' ? 'failed' : result.state,
    reason: result.state === 'skipped' ? (result.note ?? null) : null,
    said: result.state === 'failed' ? firstLines(result.errors?.[0]?.message) : null,
  }
}

export default class VitestResults {
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env.MORPHOSCOPE_RESULTS
    if (!file) return
    const cases = []
    let brokenFiles = 0
    for (const module of modules) {
      const mine = [...module.children.allTests()].map(describeCase)
      if (module.state() === 'failed' && !mine.some((one) => one.state === 'failed')) brokenFiles += 1
      cases.push(...mine)
    }
    writeFileSync(file, JSON.stringify({ cases, errors: unhandledErrors.length + brokenFiles }))
  }
}
