/*
 * redisBinary: where a redis-server can be had, decided in one place for the product and for the tests.
 * In: PATH and the project's cache. Out: path, environment to run it with, origin; or null.
 * Invariant: what is returned has answered --version and is at least 7.0 (XAUTOCLAIM with its list of deleted ids).
 *   Fetching needs no root: a private apt state, packages unpacked into a temporary folder, one rename at the end.
 * Source: docs/adr/0001-toolchain.md.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { archiveHome, fetchFromArchive, isExecutable, libraryFolders } from './debianArchive.mjs'

const OLDEST_MAJOR = 7
/** What Debian 12 needs, for when the package manager can not tell by itself. */
const KNOWN_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

function isUsable(file, env) {
  const answer = spawnSync(file, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 10_000 })
  const major = /\bv=(\d+)\./.exec(answer.stdout ?? '')?.[1]
  return answer.status === 0 && major !== undefined && Number(major) >= OLDEST_MAJOR
}

function inTree(root) {
  const file = path.join(root, 'usr', 'bin', 'redis-server')
  if (!isExecutable(file)) return null
  const libraries = [...libraryFolders(root), ...(process.env.LD_LIBRARY_PATH ? [process.env.LD_LIBRARY_PATH] : [])]
  const env = { LD_LIBRARY_PATH: libraries.join(':') }
  return isUsable(file, env) ? { path: file, env, origin: 'cache' } : null
}

/** Finds a redis-server: on PATH first, then in the project's cache. Starts nothing, fetches nothing; never throws. */
export function findRedisServer() {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue
    const file = path.join(folder, 'redis-server')
    if (isExecutable(file) && isUsable(file, {})) return { path: file, env: {}, origin: 'PATH' }
  }
  return inTree(path.join(archiveHome('redis'), 'root'))
}

/**
 * Fetches redis-server from the system's own package archive into the project's cache, as any user.
 * Answers null on success, else one sentence saying why not.
 */
export function fetchRedisServer(onStart = () => {}) {
  return fetchFromArchive({
    name: 'redis',
    package: 'redis-server',
    wanted: () => true,
    known: KNOWN_PACKAGES,
    runs: (root) => inTree(root) !== null,
    onStart,
  })
}
