import { expect, test } from 'vitest'
import { blankOut, importEdges, readSources, type ImportEdge, type SourceFile } from '../support/sourceTree.ts'

const files = readSources(['lib', 'server', 'app', 'components'])

/** Finds import cycles: each as the list of its files, in walking order. */
function cyclesOf(edges: readonly ImportEdge[]): string[][] {
  const next = Map.groupBy(
    edges.filter((edge) => edge.to !== null && !edge.started),
    (edge) => edge.from,
  )
  const done = new Set<string>()
  const cycles: string[][] = []
  const visit = (file: string, trail: string[]): void => {
    const seenAt = trail.indexOf(file)
    if (seenAt >= 0) {
      cycles.push(trail.slice(seenAt))
      return
    }
    if (done.has(file)) return
    for (const edge of next.get(file) ?? []) visit(edge.to!, [...trail, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  return cycles
}

/** Tells whether a file says nothing of its own: only imports and re-exports. */
function isBarrel(file: SourceFile): boolean {
  const code = blankOut(file.text, false)
  const rest = code
    .replaceAll(/\b(import|export)\b(\s+type\b)?[\s\w*{},$]*?\bfrom\s*(['"])[^'"\n]+\3;?/g, '')
    .replaceAll(/\bimport\s*(['"])[^'"\n]+\1;?/g, '')
    .replaceAll(/^\s*['"]use (client|server)['"];?\s*$/gm, '')
  return rest.trim() === '' && /\bexport\b[^\n]*\bfrom\b|\}\s*from\b/.test(code) && /\bexport\b/.test(code)
}

test('no import cycle, types included', () => {
  expect(cyclesOf(importEdges(files)).map((cycle) => cycle.join(' -> '))).toEqual([])
})

test('a planted cycle through a type import is found', () => {
  const planted = importEdges([
    { path: 'lib/bus/one.ts', text: "import { two } from './two.ts'\n" },
    { path: 'lib/bus/two.ts', text: "import { three } from './three.ts'\n" },
    { path: 'lib/bus/three.ts', text: "import type { One } from './one.ts'\n" },
  ])
  expect(cyclesOf(planted)).toEqual([['lib/bus/one.ts', 'lib/bus/two.ts', 'lib/bus/three.ts']])
})

test('no barrel files', () => {
  expect(files.filter(isBarrel).map((file) => file.path)).toEqual([])
})

test('planted barrels are told from modules', () => {
  const barrel = (text: string) => isBarrel({ path: 'lib/bus/index.ts', text })
  expect(barrel("// all of it\nexport * from './a.ts'\nexport {\n  b,\n} from './b.ts'\n")).toBe(true)
  expect(barrel("export type { A } from './a.ts'\n")).toBe(true)
  expect(barrel("import { a } from './a.ts'\nexport const b = a\n")).toBe(false)
  expect(barrel("export const b = 1\nexport { a } from './a.ts'\n")).toBe(false)
})
