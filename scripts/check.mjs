/*
 * check: what a developer runs before every commit: format, types, lint, unit tests, walls. Under a minute.
 * In: the tree. Out: the first lines of what is wrong; exit code 1 when anything is.
 * Invariant: the same gates as `npm test`, from the same list.
 * Source: docs/adr/0001-toolchain.md.
 */
import path from 'node:path'
import { GATES } from './gates.mjs'
import { ROOT, localNode, runProgram, say, seconds, stopChildrenOnSignals } from './steps.mjs'

stopChildrenOnSignals()
let failed = 0
for (const { name, run } of GATES) {
  const startedMs = performance.now()
  const problem = await run()
  for (const line of problem ?? []) say(line)
  if (problem) failed += 1
  say(`${name}: ${problem ? 'FAILED' : 'ok'} in ${seconds(performance.now() - startedMs)}`)
}
const projects = ['unit', 'architecture', 'contracts'].flatMap((project) => ['--project', project])
const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const unit = await runProgram('unit', localNode(), [vitest, 'run', ...projects], {
  quiet: false,
  env: { NODE_ENV: undefined },
})
if (unit.code !== 0) failed += 1
say(`unit: ${unit.code === 0 ? 'ok' : 'FAILED'} in ${seconds(unit.ms)}`)
process.exitCode = failed === 0 ? 0 : 1
