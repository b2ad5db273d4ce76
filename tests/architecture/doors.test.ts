import { expect, test } from 'vitest'
import { findInCode, readSources } from '../support/sourceTree.ts'

const product = readSources(['lib', 'server', 'app', 'components'])

/** The only files that may touch time or chance themselves, each with its reason. */
const TIME_AND_CHANCE = new Map([['lib/primitives/clock.ts', 'it is the door']])
const CLOCK_OR_CHANCE =
  /\bDate\.now\b|\bnew Date\(\s*\)|(?<![.\w])(?:globalThis\.|window\.)?(?:setTimeout|setInterval)\s*\(|\bMath\.random\b/

test('the environment is read in server/config.ts and nowhere else', () => {
  const readers = findInCode(product, /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b|from node:process/)
  expect(readers.filter((place) => !place.startsWith('server/config.ts:'))).toEqual([])
})

test('time and chance come through lib/primitives', () => {
  const decided = product.filter((file) => /^(lib|server)\//.test(file.path) && !TIME_AND_CHANCE.has(file.path))
  expect(findInCode(decided, CLOCK_OR_CHANCE)).toEqual([])
})

test('a library never writes to the console', () => {
  const libraries = product.filter((file) => file.path.startsWith('lib/'))
  expect(findInCode(libraries, /\bconsole\s*\.|\bprocess\s*\.\s*(?:stdout|stderr)\b/)).toEqual([])
})

test('planted offences are found in code, and only in code', () => {
  const planted = [
    {
      path: 'lib/bus/bad.ts',
      text: [
        '// Date.now() in a comment',
        "const text = 'Math.random()'",
        'const at = Date.now()',
        'const day = new Date()',
        'const fine = new Date(at)',
        'setTimeout(() => {}, 1)',
        'globalThis.setInterval(() => {}, 1)',
        'socket.setTimeout(1)',
        'clock.after(1, () => {})',
        "console.log('x')",
        "if (process.env['CI']) throw new Error(`${Math.random()}`)",
      ].join('\n'),
    },
  ]
  const lines = (pattern: RegExp) => findInCode(planted, pattern).map((place) => Number(place.split(':')[1]))
  expect(lines(CLOCK_OR_CHANCE)).toEqual([3, 4, 6, 7, 11])
  expect(lines(/\bconsole\s*\./)).toEqual([10])
  expect(lines(/\bprocess\s*\.\s*env\b/)).toEqual([11])
})
