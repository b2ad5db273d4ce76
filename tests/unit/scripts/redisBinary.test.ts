import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRedisServer } from '../../../scripts/redisBinary.mjs'

let folder = ''
const before = process.env['PATH']
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'redis-path-'))
})
afterEach(() => {
  process.env['PATH'] = before
  rmSync(folder, { recursive: true, force: true })
})

function plant(answer: string) {
  const file = path.join(folder, 'redis-server')
  writeFileSync(file, `#!/bin/sh\n${answer}\n`)
  chmodSync(file, 0o755)
  process.env['PATH'] = `${folder}${path.delimiter}${before}`
  return file
}

test('prefers a server on PATH that is new enough', () => {
  const file = plant('echo "Redis server v=7.2.4 sha=0 malloc=jemalloc bits=64"')
  expect(findRedisServer()).toEqual({ path: file, env: {}, origin: 'PATH' })
})

test('passes over a server that is too old, broken or something else', () => {
  for (const answer of ['echo "Redis server v=6.0.16 sha=0"', 'exit 3', 'echo hello']) {
    const file = plant(answer)
    expect(findRedisServer()?.path).not.toBe(file)
  }
})
