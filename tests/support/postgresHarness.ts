/*
 * postgresHarness: a real Postgres of a test's own, in a folder of its own, on a unix socket.
 * In: nothing. Out: the address for DATABASE_URL, its end.
 * Invariant: no server outlives the test process; it never runs as root, which it refuses; missing is a failure in CI, else a printed skip.
 * Source: docs/adr/0009-records-database.md.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { findPostgres, type PostgresBinary } from '../../scripts/postgresBinary.mjs'

export interface PostgresServer {
  /** Of a new, empty database. */
  database(): Promise<string>
  stop(): Promise<void>
}

/** A user that every system has and that owns nothing. */
const NOBODY = 65_534

/** Why there is no Postgres to test with; null when there is one. Throws in CI: a missing server must not look green. */
export function postgresMissing(): string | null {
  if (findPostgres()) return null
  const reason = 'no Postgres (13 or newer) on PATH or in the project cache'
  if (process.env['CI'] === 'true') throw new Error(`${reason}: it is required in CI`)
  return reason
}

const children = new Set<ChildProcess>()
const killAll = (): void => {
  for (const child of children) child.kill('SIGKILL')
}

/** Nobody may not enter every folder the project can lie in: then a copy is made where nobody may. */
function reachable(found: PostgresBinary, folder: string, as: { uid?: number; gid?: number }): PostgresBinary {
  const env = { ...process.env, ...found.env }
  if (spawnSync(path.join(found.folder, 'postgres'), ['--version'], { ...as, env }).status === 0) return found
  if (found.root === null) throw new Error(`${found.folder} can not be run by an unprivileged user`)
  const copy = path.join(folder, 'root')
  cpSync(found.root, copy, { recursive: true, verbatimSymlinks: true })
  const moved = (text: string) => text.replaceAll(found.root!, copy)
  return {
    ...found,
    folder: moved(found.folder),
    env: Object.fromEntries(Object.entries(found.env).map(([key, value]) => [key, moved(value)])),
    root: copy,
  }
}

/** Starts a server in a folder of its own and waits until it answers. */
export async function startPostgres(): Promise<PostgresServer> {
  const found = findPostgres()
  if (!found) throw new Error('no postgres')
  if (children.size === 0) process.once('exit', killAll)
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-pg-'))
  const as = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const owned = (at: string): string => {
    mkdirSync(at, { recursive: true })
    if (as.uid !== undefined) chownSync(at, as.uid, NOBODY)
    return at
  }
  const [data, sockets] = [owned(path.join(folder, 'data')), owned(path.join(folder, 's'))]
  owned(folder)
  const { folder: bin, env: more } = reachable(found, folder, as)
  const env = { ...process.env, ...more, LC_ALL: 'C' }
  const made = spawnSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'morphoscope', '--auth=trust', '-E', 'UTF8', '--no-sync'],
    { ...as, env, cwd: folder, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const child = spawn(path.join(bin, 'postgres'), ['-D', data, '-k', sockets, '-h', '', '-c', 'jit=off'], {
    ...as,
    env,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  children.add(child)
  child.once('exit', () => void children.delete(child))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)))

  const address = (name: string) => `postgres://morphoscope@localhost/${name}?host=${encodeURIComponent(sockets)}`
  const ask = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: address('postgres') })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const endMs = performance.now() + 20_000
  for (;;) {
    const up = await ask('select 1').then(
      () => true,
      () => false,
    )
    if (up) break
    if (child.exitCode !== null || performance.now() > endMs) throw new Error(`postgres did not start: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  let databases = 0
  return {
    async database() {
      const name = `records${++databases}`
      await ask(`create database ${name}`)
      return address(name)
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        // Immediate: nothing of a test's database is worth a shutdown in order.
        child.kill('SIGQUIT')
        await gone
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
