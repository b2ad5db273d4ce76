/*
 * redisBinary: where a redis-server can be had, decided in one place for the product and for the tests.
 * In: PATH and the project's cache. Out: path, environment to run it with, origin; or null.
 * Invariant: what is returned has answered --version and is at least 7.0 (XAUTOCLAIM with its list of deleted ids).
 *   Fetching needs no root: a private apt state, packages unpacked into a temporary folder, one rename at the end.
 * Source: docs/adr/0001-toolchain.md.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ROOT, runProgram } from './steps.mjs'

const CACHE = path.join(ROOT, '.cache')
const HOME = path.join(CACHE, 'redis')
const OLDEST_MAJOR = 7
/** What Debian 12 needs, for when the package manager can not tell by itself. */
const KNOWN_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isUsable(file, env) {
  const answer = spawnSync(file, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 10_000 })
  const major = /\bv=(\d+)\./.exec(answer.stdout ?? '')?.[1]
  return answer.status === 0 && major !== undefined && Number(major) >= OLDEST_MAJOR
}

function libraryFolders(root) {
  const folders = []
  for (const base of ['usr/lib', 'lib']) {
    const folder = path.join(root, base)
    if (!existsSync(folder)) continue
    folders.push(folder)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name.includes('-linux-')) folders.push(path.join(folder, entry.name))
    }
  }
  return folders
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
  return inTree(path.join(HOME, 'root'))
}

function aptOptions(work) {
  const settings = [
    `Dir::State=${work}/state`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${work}/cache`,
    // Empty: apt would drop to its own user, who may not write in our folder.
    'APT::Sandbox::User=',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
  ]
  return ['-q', ...settings.flatMap((setting) => ['-o', setting])]
}

async function packageNames(apt) {
  const plan = await runProgram('planning', 'apt-get', [
    ...apt,
    '-s',
    '--no-install-recommends',
    'install',
    'redis-server',
  ])
  const names = plan.tail.flatMap((line) => /^Inst (\S+) /.exec(line)?.[1] ?? [])
  return plan.code === 0 && names.includes('redis-server') ? names : KNOWN_PACKAGES
}

/**
 * Fetches redis-server from the system's own package archive into the project's cache, as any user.
 * Answers null on success, else one sentence saying why not. An interrupted fetch leaves only a temporary folder behind,
 * which the next one removes.
 */
export async function fetchRedisServer(onStart = () => {}) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg')) return 'this system has no apt-get'
  mkdirSync(CACHE, { recursive: true })
  for (const name of readdirSync(CACHE)) {
    if (name.startsWith('redis.part-')) rmSync(path.join(CACHE, name), { recursive: true, force: true })
  }
  const work = path.join(CACHE, `redis.part-${process.pid}`)
  const folders = ['state/lists/partial', 'cache/archives/partial', 'packages', 'tree/root']
  for (const folder of folders) mkdirSync(path.join(work, folder), { recursive: true })
  const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  try {
    const apt = aptOptions(work)
    // A foreign source that does not answer fails `update` as a whole: what counts is whether the download works.
    const title = 'fetching redis-server'
    await runProgram(title, 'apt-get', [...apt, 'update'], { env, onStart, timeoutMs: 120_000 })
    const cwd = path.join(work, 'packages')
    const got = await runProgram(title, 'apt-get', [...apt, 'download', ...(await packageNames(apt))], {
      cwd,
      env,
      onStart,
      timeoutMs: 120_000,
    })
    if (got.code !== 0) return `the package archive did not give it (${got.tail.at(-1) ?? 'no reason told'})`
    for (const name of readdirSync(cwd)) {
      const unpacked = await runProgram(title, 'dpkg', ['-x', path.join(cwd, name), path.join(work, 'tree', 'root')])
      if (unpacked.code !== 0) return `${name} could not be unpacked`
    }
    if (!inTree(path.join(work, 'tree', 'root'))) return 'the fetched program does not run on this system'
    rmSync(HOME, { recursive: true, force: true })
    renameSync(path.join(work, 'tree'), HOME)
    return null
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
