/*
 * postgresBinary: where a Postgres can be had for the tests of the records database.
 * In: PATH, the system's versioned folders, the project's cache. Out: folder of its programs, environment, origin; or null.
 * Invariant: what is returned has answered --version and is at least 13; fetching needs no root.
 * Source: docs/adr/0009-records-database.md.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { archiveHome, fetchFromArchive, isExecutable, libraryFolders } from './debianArchive.mjs'

const OLDEST_MAJOR = 13
const VERSIONED = 'usr/lib/postgresql'
/** What Debian 12 needs, for when the package manager can not tell by itself. */
const KNOWN_PACKAGES = ['postgresql-15', 'libpq5']
/** The just-in-time compiler is loaded only when asked for, and is larger than all the rest. */
const isWanted = (name) => /^(postgresql-\d+|lib.*)$/.test(name) && !/llvm|perl/.test(name)

function isUsable(folder, env) {
  if (!['postgres', 'initdb'].every((name) => isExecutable(path.join(folder, name)))) return false
  const answer = spawnSync(path.join(folder, 'postgres'), ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 10_000,
  })
  const major = /\(PostgreSQL\) (\d+)/.exec(answer.stdout ?? '')?.[1]
  return answer.status === 0 && major !== undefined && Number(major) >= OLDEST_MAJOR
}

function versionedFolders(root) {
  const base = path.join(root, VERSIONED)
  if (!existsSync(base)) return []
  const versions = readdirSync(base).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => path.join(base, version, 'bin'))
}

function inTree(root) {
  const libraries = [...libraryFolders(root), ...(process.env.LD_LIBRARY_PATH ? [process.env.LD_LIBRARY_PATH] : [])]
  const env = { LD_LIBRARY_PATH: libraries.join(':') }
  const folder = versionedFolders(root).find((one) => isUsable(one, env))
  return folder === undefined ? null : { folder, env, origin: 'cache', root }
}

/** Finds Postgres: on PATH, then where the system keeps its versions, then in the project's cache. Fetches nothing. */
export function findPostgres() {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, 'postgres')
    if (!path.isAbsolute(folder) || !isExecutable(file)) continue
    const real = path.dirname(realpathSync(file))
    if (isUsable(real, {})) return { folder: real, env: {}, origin: 'PATH', root: null }
  }
  const system = versionedFolders('/').find((folder) => isUsable(folder, {}))
  if (system !== undefined) return { folder: system, env: {}, origin: 'PATH', root: null }
  return inTree(path.join(archiveHome('postgres'), 'root'))
}

/** Fetches Postgres into the project's cache, as any user. Answers null on success, else one sentence saying why not. */
export function fetchPostgres(onStart = () => {}) {
  return fetchFromArchive({
    name: 'postgres',
    package: 'postgresql',
    wanted: isWanted,
    known: KNOWN_PACKAGES,
    runs: (root) => inTree(root) !== null,
    onStart,
  })
}
