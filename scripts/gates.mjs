/*
 * gates: the checks of source text that both `npm run check` and `npm test` make, in one list.
 * In: the tree. Out: for each gate its name, and null or the lines to show.
 * Invariant: the two commands can never disagree about what clean means.
 * Source: docs/adr/0001-toolchain.md.
 */
import path from 'node:path'
import { ensureRouteTypes } from './nextBuild.mjs'
import { ROOT, localNode, runProgram } from './steps.mjs'

const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name)

async function clean(title, command, args) {
  const result = await runProgram(title, localNode(), [command, ...args])
  return result.code === 0 ? null : result.tail
}

export const GATES = [
  { name: 'format', run: () => clean('format', bin('oxfmt'), ['--check', '.']) },
  {
    name: 'types',
    run: async () => (await ensureRouteTypes())?.split('\n') ?? clean('types', bin('tsc'), ['--noEmit', '-p', '.']),
  },
  { name: 'lint', run: () => clean('lint', bin('oxlint'), ['--type-aware', '--deny-warnings', '.']) },
]
