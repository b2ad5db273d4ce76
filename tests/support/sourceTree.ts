/*
 * sourceTree: the product's own source as text, and its import graph.
 * In: folders of the repository. Out: files with comments and string contents blanked, and every import edge with its line.
 * Invariant: type imports, re-exports, dynamic imports and worker URLs are edges like any other; line numbers stay true.
 * Source: docs/architecture.md "rooms".
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))))

export interface SourceFile {
  /** Relative to the repository, with slashes. */
  readonly path: string
  readonly text: string
}

export interface ImportEdge {
  readonly from: string
  readonly line: number
  /** As written. */
  readonly specifier: string
  /** Repository path for a relative import, null for a package or a built-in. */
  readonly to: string | null
  /** A worker's file is started, not imported: it counts for walls, not for cycles. */
  readonly started: boolean
}

const SOURCE = /\.(ts|tsx|js|jsx|mjs|mts)$/

function* walk(relative: string, accept: RegExp): Generator<string> {
  const full = path.join(ROOT, relative)
  if (!existsSync(full)) return
  if (statSync(full).isFile()) {
    if (accept.test(relative)) yield relative
    return
  }
  for (const name of readdirSync(full).toSorted()) yield* walk(`${relative}/${name}`, accept)
}

/** Reads every source file under the folders, in path order. */
export function readSources(folders: readonly string[], accept: RegExp = SOURCE): SourceFile[] {
  return folders.flatMap((folder) =>
    [...walk(folder, accept)].map((file) => ({ path: file, text: readFileSync(path.join(ROOT, file), 'utf8') })),
  )
}

const startsRegex = (before: string): boolean => {
  const trimmed = before.trimEnd()
  return trimmed === '' || /[(,=:[!&|?{};+\-*%~^<>]$/.test(trimmed) || /\b(return|typeof|case|of|in)$/.test(trimmed)
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/**
 * Blanks comments, and with `strings` the contents of string and regex literals too. Lengths and lines are kept.
 * A quote that is not closed on its line (an apostrophe in JSX text) ends there.
 */
export function blankOut(text: string, strings: boolean): string {
  let out = ''
  const literal = (pattern: RegExp, at: number): string => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0] ?? text[at]!
  }
  for (let at = 0; at < text.length;) {
    const here = text[at]!
    const pair = text.slice(at, at + 2)
    let piece: string
    if (pair === '//') piece = blank(literal(/\/\/[^\n]*/y, at))
    else if (pair === '/*') piece = blank(literal(/\/\*[\s\S]*?(\*\/|$)/y, at))
    else if (here === "'" || here === '"' || here === '`' || (here === '/' && startsRegex(out.slice(-80)))) {
      const found =
        here === '`'
          ? literal(/`(?:\\[\s\S]|[^`\\])*`?/y, at)
          : here === '/'
            ? literal(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y, at)
            : literal(here === "'" ? /'(?:\\.|[^'\\\n])*'?/y : /"(?:\\.|[^"\\\n])*"?/y, at)
      // What stands inside ${...} of a template is code: it stays.
      const kept =
        here === '`' ? found.replaceAll(/[^\n](?![^{}]*\})/g, ' ') : here + blank(found.slice(1, -1)) + found.slice(-1)
      piece = strings ? kept : found
    } else piece = here
    out += piece
    at += piece.length
  }
  return out
}

const IMPORTS = [
  /\b(?:import|export)\b(?:\s+type\b)?[\s\w*{},$]*?\bfrom\s*(['"])(?<specifier>[^'"\n]+)\1/g,
  /\bimport\s*(['"])(?<specifier>[^'"\n]+)\1/g,
  /\b(?:import|require)\s*\(\s*(['"])(?<specifier>[^'"\n]+)\1/g,
]
const STARTS = /\bnew\s+URL\s*\(\s*(['"])(?<specifier>\.[^'"\n]+)\1\s*,\s*import\.meta\.url/g

function resolveSpecifier(from: string, specifier: string, exists: (file: string) => boolean): string | null {
  if (!specifier.startsWith('.') && !specifier.startsWith('@/')) return null
  const target = specifier.startsWith('@/') ? specifier.slice(2) : path.posix.join(path.posix.dirname(from), specifier)
  const tries = [target, ...['.ts', '.tsx', '.js', '.mjs', '/index.ts', '/index.tsx'].map((ending) => target + ending)]
  return tries.find(exists) ?? target
}

/** Lists the import edges of the files. A relative import is resolved against `files` first, then the disk. */
export function importEdges(files: readonly SourceFile[]): ImportEdge[] {
  const known = new Set(files.map((file) => file.path))
  const exists = (file: string) =>
    known.has(file) || (existsSync(path.join(ROOT, file)) && statSync(path.join(ROOT, file)).isFile())
  return files.flatMap((file) => {
    const code = blankOut(file.text, false)
    const edges: ImportEdge[] = []
    const collect = (pattern: RegExp, started: boolean) => {
      for (const match of code.matchAll(pattern)) {
        const specifier = match.groups!['specifier']!
        const line = code.slice(0, match.index).split('\n').length
        edges.push({ from: file.path, line, specifier, to: resolveSpecifier(file.path, specifier, exists), started })
      }
    }
    for (const pattern of IMPORTS) collect(pattern, false)
    collect(STARTS, true)
    return edges
  })
}

/** Lists every place where the pattern occurs in code (not in comments, not in strings), as `path:line: text`. */
export function findInCode(files: readonly SourceFile[], pattern: RegExp): string[] {
  const places: string[] = []
  for (const file of files) {
    const code = blankOut(file.text, true).split('\n')
    const shown = file.text.split('\n')
    code.forEach((line, index) => {
      if (pattern.test(line)) places.push(`${file.path}:${index + 1}: ${shown[index]!.trim()}`)
    })
  }
  return places
}
