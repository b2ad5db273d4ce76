/*
 * redisCeiling: what a C client can push into the same Redis, measured by redis-benchmark in the same run.
 * In: the socket of a running server, a payload. Out: commands per second; null when there is no redis-benchmark.
 * Invariant: one connection, pipeline 16, the same transport as the pipeline that is judged, nobody reading.
 * Source: docs/performance.md "end to end".
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { findRedisServer } from '../../scripts/redisBinary.mjs'

const run = promisify(execFile)
const PIPELINE = 16
const KEPT = 500

/** Finds redis-benchmark beside the redis-server in use. */
export function findRedisBenchmark(): { readonly path: string; readonly env: NodeJS.ProcessEnv } | null {
  const server = findRedisServer()
  if (server === null) return null
  const file = path.join(path.dirname(server.path), 'redis-benchmark')
  return existsSync(file) ? { path: file, env: { ...process.env, ...server.env } } : null
}

/** Entries of `bytes` per second through XADD. */
export async function xaddCeiling(socket: string, bytes: number, entries: number): Promise<number> {
  const binary = findRedisBenchmark()
  if (binary === null) throw new Error('no redis-benchmark beside redis-server: the ceiling can not be measured')
  const command = ['XADD', 'bench:ceiling', 'MAXLEN', '~', String(KEPT), '*', 'data', 'x'.repeat(bytes)]
  const flags = ['-s', socket, '-c', '1', '-P', String(PIPELINE), '-n', String(entries), '--csv']
  const { stdout } = await run(binary.path, [...flags, ...command], { env: binary.env, maxBuffer: 1 << 22 })
  // "test","rps",...: the name holds the payload, so read behind its closing quote.
  const row = stdout.trim().split('\n').at(-1) ?? ''
  const perSecond = Number(/","([\d.]+)"/.exec(row)?.[1])
  if (!(perSecond > 0)) throw new Error('redis-benchmark gave no rate')
  return perSecond
}
