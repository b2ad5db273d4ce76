/*
 * nextBuild: a production build of the pages, made only when something it is made of has changed.
 * In: the content of the page sources. Out: null when .next is current, else a sentence.
 * Invariant: the stamp inside .next is the hash of the content that was built. Next empties .next when it begins, so an
 *   interrupted build has no stamp and is made again; a checkout that only touches times builds nothing.
 * Source: docs/adr/0001-toolchain.md.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT, localNode, runProgram, say, seconds } from './steps.mjs'

const SOURCES = [
  'app',
  'components',
  'lib',
  'public',
  'server/handle.ts',
  'next.config.js',
  'tsconfig.json',
  'package-lock.json',
]
const STAMP = path.join(ROOT, '.next', 'morphoscope-stamp')
const NEXT = path.join(ROOT, 'node_modules', 'next', 'dist', 'bin', 'next')

function* filesOf(relative) {
  const full = path.join(ROOT, relative)
  if (!existsSync(full)) return
  if (statSync(full).isFile()) {
    yield relative
    return
  }
  for (const name of readdirSync(full).toSorted()) yield* filesOf(`${relative}/${name}`)
}

/** Hashes the content of everything the pages are made of. */
export function sourceHash() {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    for (const file of filesOf(source))
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(path.join(ROOT, file)))
        .update('\0')
  }
  return hash.digest('hex')
}

/** Tells whether .next was built from the sources as they are now. */
export function isBuildCurrent() {
  return (
    existsSync(STAMP) &&
    existsSync(path.join(ROOT, '.next', 'BUILD_ID')) &&
    readFileSync(STAMP, 'utf8') === sourceHash()
  )
}

/** Builds when the sources differ from what was built. Answers null when .next is current, else the sentence to stop with. */
export async function ensureNextBuild(onStart) {
  if (isBuildCurrent()) return null
  if (!existsSync(path.join(ROOT, 'app'))) return 'there is no app folder to build'
  const hash = sourceHash()
  rmSync(STAMP, { force: true })
  say('pages: building')
  const env = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  const result = await runProgram('building the pages', localNode(), [NEXT, 'build'], { env, onStart })
  if (result.code !== 0) return `next build failed:\n${result.tail.slice(-60).join('\n')}`
  writeFileSync(STAMP, hash)
  say(`pages: built in ${seconds(result.ms)}`)
  return null
}

/** Makes next-env.d.ts and the route types, which the type check needs and a clean clone does not have. */
export async function ensureRouteTypes() {
  if (existsSync(path.join(ROOT, 'next-env.d.ts')) || !existsSync(path.join(ROOT, 'app'))) return null
  const result = await runProgram('generating route types', localNode(), [NEXT, 'typegen'], {
    env: { NEXT_TELEMETRY_DISABLED: '1' },
  })
  return result.code === 0 ? null : `next typegen failed:\n${result.tail.slice(-20).join('\n')}`
}
