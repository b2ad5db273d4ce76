import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ERROR_CATALOG } from '../../lib/contracts/errorCatalog.ts'
import { ROOT, readSources } from '../support/sourceTree.ts'

const HEADER_FROM_LINES = 40
const LARGE_FILE_LINES = 450

const lineCount = (text: string) => text.trimEnd().split('\n').length

/** Answers what is wrong with a file's header; null when nothing is. */
function headerFault(text: string): string | null {
  const start = text.replace(/^#!.*\n/, '').replace(/^\s*['"]use (client|server)['"];?\s*/, '')
  const header = /^\/\*[\s\S]*?\*\//.exec(start)?.[0]
  if (!header) return 'no header comment'
  const lines = lineCount(header) - 2
  if (lines < 3 || lines > 8) return `header of ${lines} lines`
  if (!/\bInvariant:/.test(header)) return 'header names no invariant'
  if (!/\bSource:/.test(header)) return 'header names no source'
  return null
}

test('every file over 40 lines says what it is for, what holds, and where it comes from', () => {
  const files = readSources(['lib', 'server', 'app', 'components', 'scripts', 'tests/support'])
  const long = files.filter((file) => lineCount(file.text) > HEADER_FROM_LINES && !file.path.endsWith('.d.mts'))
  expect(long.length).toBeGreaterThan(20)
  const faults = long.flatMap((file) => {
    const fault = headerFault(file.text)
    return fault === null ? [] : [`${file.path}: ${fault}`]
  })
  expect(faults).toEqual([])
})

test('planted headers are judged', () => {
  expect(headerFault('/*\n * A.\n * In: b.\n * Invariant: c.\n * Source: d.\n */\n')).toBeNull()
  expect(headerFault("'use client'\n/*\n * A.\n * In: b.\n * Invariant: c.\n * Source: d.\n */\n")).toBeNull()
  expect(headerFault('const a = 1\n')).toBe('no header comment')
  expect(headerFault('/*\n * A.\n * B.\n * Source: d.\n */\n')).toBe('header names no invariant')
})

test('no source file has grown past what a person reads in one sitting', () => {
  const files = readSources(['lib', 'server', 'app', 'components', 'scripts'])
  const large = files
    .map((file) => [lineCount(file.text), file.path] as const)
    .filter(([lines]) => lines > LARGE_FILE_LINES)
  expect(large.map(([lines, file]) => `${file}: ${lines} lines`)).toEqual([])
})

test('every error code of the catalogue is used by the product', () => {
  const users = readSources(['lib', 'server', 'app', 'components'])
    .filter((file) => file.path !== 'lib/contracts/errorCatalog.ts')
    .map((file) => file.text)
    .join('\n')
  const idle = Object.keys(ERROR_CATALOG).filter((code) => !new RegExp(`['"]${code}['"]`).test(users))
  expect(idle).toEqual([])
})

test('every document and decision that a source file cites exists', () => {
  const citing = readSources(
    ['lib', 'server', 'app', 'components', 'scripts', 'tests', 'deploy'],
    /\.(tsx?|mjs|js|css|conf)$/,
  )
  const lost = citing.flatMap((file) => {
    // A header's source line may only name what a reader of this repository has, and the design document.
    const source = /^ \* Source:.*$/m.exec(file.text)?.[0] ?? ''
    const named = [...file.text.matchAll(/\bdocs\/[\w/-]+\.md\b/g), ...source.matchAll(/(?<![\w/.-])[\w/-]+\.md\b/g)]
    return [...new Set(named.map(([cited]) => cited))]
      .filter((cited) => cited !== 'seed-design.md' && !existsSync(path.join(ROOT, cited)))
      .map((cited) => `${file.path} cites ${cited}`)
  })
  expect(lost).toEqual([])
})

test('decisions are numbered without gaps and stay short', () => {
  const names = readdirSync(path.join(ROOT, 'docs/adr')).toSorted()
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1))
  for (const name of names) {
    const text = readFileSync(path.join(ROOT, 'docs/adr', name), 'utf8')
    expect(lineCount(text), name).toBeLessThanOrEqual(60)
    for (const part of ['## Context', '## Decision', '## Consequences', '## How a machine checks it'])
      expect(text, name).toContain(part)
  }
})

test('nothing in the tree names a folder of somebody’s machine', () => {
  // Spelled in pieces, so that this file does not find itself.
  const machine = new RegExp(['work', 'root', 'home/[a-z]'].map((name) => `(?<![\\w.~-])/${name}/`).join('|'))
  const everything = readSources(
    [
      'lib',
      'server',
      'app',
      'components',
      'scripts',
      'tests',
      'docs',
      'deploy',
      '.ci',
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'package.json',
      'package-lock.json',
      '.env.example',
    ],
    /\.(tsx?|m?js|mts|css|md|json|jsonl|conf|html|svg|example)$|\/run$/,
  )
  const places = everything.flatMap((file) =>
    file.text
      .split('\n')
      .flatMap((line, index) =>
        machine.test(line) ? [`${file.path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
      ),
  )
  expect(places).toEqual([])
  expect(machine.test('read /ro' + 'ot/.npmrc')).toBe(true)
  expect(machine.test('./wo' + 'rk/x')).toBe(false)
})
