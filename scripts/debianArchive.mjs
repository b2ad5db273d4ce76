/*
 * debianArchive: programs from the system's own package archive, unpacked into the project's cache by any user.
 * In: a package, which of what it needs is wanted, a way to tell whether the result runs. Out: null, or one sentence saying why not.
 * Invariant: needs no root: a private apt state, packages unpacked into a temporary folder, one rename at the end.
 *   An interrupted fetch leaves only a temporary folder behind, which the next one removes.
 * Source: docs/adr/0001-toolchain.md.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ROOT, runProgram } from './steps.mjs'

const CACHE = path.join(ROOT, '.cache')

/** Where what was fetched under a name lies. */
export const archiveHome = (name) => path.join(CACHE, name)

/** Tells whether this user may execute the file. */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Folders of shared libraries inside an unpacked tree. */
export function libraryFolders(root) {
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

async function packageNames(apt, { package: wantedPackage, wanted, known }) {
  const plan = await runProgram('planning', 'apt-get', [
    ...apt,
    '-s',
    '--no-install-recommends',
    'install',
    wantedPackage,
  ])
  const names = plan.tail.flatMap((line) => /^Inst (\S+) /.exec(line)?.[1] ?? []).filter(wanted)
  // What the package manager takes for installed already may be planned away: then the known list is taken.
  return plan.code === 0 && known.some((name) => names.includes(name)) ? names : known
}

/** Fetches `package` and what it needs into the cache under `name`. Answers null on success, else a sentence. */
export async function fetchFromArchive({ name, onStart = () => {}, runs, ...plan }) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg')) return 'this system has no apt-get'
  mkdirSync(CACHE, { recursive: true })
  for (const left of readdirSync(CACHE)) {
    if (left.startsWith(`${name}.part-`)) rmSync(path.join(CACHE, left), { recursive: true, force: true })
  }
  const work = path.join(CACHE, `${name}.part-${process.pid}`)
  const folders = ['state/lists/partial', 'cache/archives/partial', 'packages', 'tree/root']
  for (const folder of folders) mkdirSync(path.join(work, folder), { recursive: true })
  const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  try {
    const apt = aptOptions(work)
    // A foreign source that does not answer fails `update` as a whole: what counts is whether the download works.
    const title = `fetching ${plan.package}`
    await runProgram(title, 'apt-get', [...apt, 'update'], { env, onStart, timeoutMs: 120_000 })
    const cwd = path.join(work, 'packages')
    const got = await runProgram(title, 'apt-get', [...apt, 'download', ...(await packageNames(apt, plan))], {
      cwd,
      env,
      onStart,
      timeoutMs: 120_000,
    })
    if (got.code !== 0) return `the package archive did not give it (${got.tail.at(-1) ?? 'no reason told'})`
    for (const file of readdirSync(cwd)) {
      const unpacked = await runProgram(title, 'dpkg', ['-x', path.join(cwd, file), path.join(work, 'tree', 'root')])
      if (unpacked.code !== 0) return `${file} could not be unpacked`
    }
    if (!runs(path.join(work, 'tree', 'root'))) return 'the fetched program does not run on this system'
    rmSync(archiveHome(name), { recursive: true, force: true })
    renameSync(path.join(work, 'tree'), archiveHome(name))
    return null
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
