import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, blankOut, importEdges, readSources, type SourceFile } from '../support/sourceTree.ts'

const EXPORTED = /\bexport\s+(?:async\s+)?(?:const|let|function\*?|class)\s+([A-Za-z_$][\w$]*)/g
const WORD = /[A-Za-z_$][\w$]*/g
/** What Next calls by its name: nobody imports it. */
const CALLED_BY_NEXT = /^app\//

/** Packages that are needed although no file imports them, each with its reason. */
const NEEDED_UNIMPORTED: Readonly<Record<string, string>> = {
  typescript: 'the type gate runs its compiler; the build of the pages wants it beside a tsconfig',
  '@types/node': 'types, by name of the package they describe',
  '@types/react': 'types, by name of the package they describe',
  '@types/react-dom': 'types, by name of the package they describe',
  '@types/pg': 'types, by name of the package they describe',
  'react-dom': 'Next renders with it',
  oxfmt: 'the format gate runs it',
  oxlint: 'the lint gate runs it',
  'oxlint-tsgolint': 'the type-aware rules of oxlint',
  mnist: 'scripts/build-digits.mjs reads the digits out of its folder',
}

/** Exported values whose name stands nowhere but where they are made: nothing calls them, their own file neither. */
function deadExports(files: readonly SourceFile[]): string[] {
  const code = files.map((file) => ({ path: file.path, code: blankOut(file.text, true) }))
  const places = new Map<string, number>()
  for (const { code: text } of code) {
    for (const [word] of text.matchAll(WORD)) places.set(word, (places.get(word) ?? 0) + 1)
  }
  return code.flatMap(({ path: file, code: text }) =>
    CALLED_BY_NEXT.test(file)
      ? []
      : [...text.matchAll(EXPORTED)].flatMap(([, name]) => (places.get(name!) === 1 ? [`${file}: ${name}`] : [])),
  )
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

test('every exported value is used somewhere', () => {
  const files = readSources(['lib', 'server', 'components', 'app', 'scripts', 'benchmarks', 'tests'])
  expect(files.length).toBeGreaterThan(200)
  expect(deadExports(files)).toEqual([])
})

test('a planted dead export is found, one that its own file uses is not', () => {
  const text = '// idle\nexport function idle() {}\nexport const used = 1\nexport const uses = used\n'
  const planted = [
    { path: 'lib/bus/one.ts', text },
    { path: 'lib/bus/two.ts', text: "import { uses } from './one.ts'\nuses()\n" },
  ]
  expect(deadExports(planted)).toEqual(['lib/bus/one.ts: idle'])
})

test('every package of package.json is imported, or its reason is known', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >
  const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)]
  const files = [
    ...readSources(['lib', 'server', 'components', 'app', 'scripts', 'benchmarks', 'tests']),
    ...readSources(['next.config.js', 'vitest.config.ts', 'playwright.config.ts']),
  ]
  const imported = new Set(importEdges(files).flatMap((edge) => (edge.to === null ? [packageOf(edge.specifier)] : [])))
  expect(names.filter((name) => !imported.has(name) && !(name in NEEDED_UNIMPORTED))).toEqual([])
  expect(Object.keys(NEEDED_UNIMPORTED).filter((name) => !names.includes(name) || imported.has(name))).toEqual([])
})

test('what the product imports is a dependency, not a development one: a start installs only those', () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const files = readSources(['lib', 'server', 'components', 'app', 'next.config.js'])
  const lost = importEdges(files).flatMap((edge) =>
    edge.to === null && !edge.specifier.startsWith('node:') && !(packageOf(edge.specifier) in dependencies)
      ? [`${edge.from}:${edge.line} ${edge.specifier}`]
      : [],
  )
  expect(lost).toEqual([])
})

test('every file of lib and server is reached by some test, directly or through what the test imports', () => {
  const files = readSources(['lib', 'server', 'components', 'scripts', 'tests'])
  const targets = new Map<string, string[]>()
  for (const { from, to } of importEdges(files)) if (to) targets.set(from, [...(targets.get(from) ?? []), to])
  const waiting = files.map((file) => file.path).filter((file) => /^tests\/.*\.test\.tsx?$/.test(file))
  expect(waiting.length).toBeGreaterThan(50)
  const reached = new Set(waiting)
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const target of targets.get(file) ?? []) {
      if (reached.has(target)) continue
      reached.add(target)
      waiting.push(target)
    }
  }
  const own = files.filter((file) => /^(lib|server)\//.test(file.path)).map((file) => file.path)
  // Assemblies that tests run as programs, or inside the product.
  const started = ['server/main.ts', 'server/cli/main.ts', 'lib/live/liveSession.ts']
  expect(own.filter((file) => !reached.has(file) && !started.includes(file))).toEqual([])
})

test('every exported function of lib says in a comment what it promises', () => {
  const bare = readSources(['lib']).flatMap((file) => {
    const lines = file.text.split('\n')
    return lines.flatMap((line, at) =>
      /^export (?:async )?function/.test(line) && !/\*\/\s*$/.test(lines[at - 1] ?? '')
        ? [`${file.path}:${at + 1} ${line}`]
        : [],
    )
  })
  expect(bare).toEqual([])
})
