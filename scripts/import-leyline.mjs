#!/usr/bin/env node
/*
 * import-leyline: hands a JSON-lines file of leyline events, or what comes on standard input, to the stream that Morphoscope reads.
 * In: --file PATH [--follow] or standard input; --redis URL (default REDIS_URL, then redis://127.0.0.1:6379). Out: entries, counts.
 * Invariant: lines go on in their order and unread: what is wrong with one is for the reader to say, with its path; a line too
 * long for an entry is counted and left out.
 * Source: docs/connect-your-own-run.md "leyline events".
 */
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'

const TOPIC = 'kasmina.foreign.leyline'
const MAX_ENTRY_BYTES = 1_000_000
/** Small enough to be shown while it is read, large enough not to be one round trip per line. */
const ENTRY_BYTES = 65_536
const KEPT_ENTRIES = 10_000
const POLL_MS = 250

const { values: options } = parseArgs({
  options: {
    file: { type: 'string' },
    follow: { type: 'boolean', default: false },
    redis: { type: 'string', default: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) {
  process.stdout.write('import-leyline [--file events.jsonl [--follow]] [--redis redis://host:port]\n')
  process.exit(0)
}

const counts = { lines: 0, entries: 0, tooLong: 0 }
let stopped = false
process.once('SIGINT', () => (stopped = true))
process.once('SIGTERM', () => (stopped = true))

/** Text of the file from its beginning; with --follow also what is added, and from the beginning again after it was cut. */
async function* readFile(path, follow) {
  const handle = await open(path)
  const buffer = Buffer.alloc(262_144)
  let at = 0
  try {
    while (!stopped) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      at += bytesRead
      if (bytesRead > 0) yield Buffer.from(buffer.subarray(0, bytesRead))
      else if (!follow) return
      else if ((await handle.stat()).size < at) at = 0
      else {
        yield Buffer.alloc(0)
        await sleep(POLL_MS)
      }
    }
  } finally {
    await handle.close()
  }
}

async function send(redis, lines) {
  if (lines.length === 0) return
  await redis.xadd(TOPIC, 'MAXLEN', '~', KEPT_ENTRIES, '*', 'type', 'LeylineEvent', 'data', lines.join('\n'))
  counts.entries += 1
  counts.lines += lines.length
}

async function main() {
  const address = options.redis.startsWith('unix://') ? options.redis.slice('unix://'.length) : options.redis
  const redis = new Redis(address, { lazyConnect: true, retryStrategy: (times) => Math.min(2_000, times * 100) })
  redis.on('error', (error) => process.stderr.write(`redis: ${error.message}\n`))
  await redis.connect().catch(() => once(redis, 'ready'))
  await redis.sadd('kasmina.topics', TOPIC)

  const chunks = options.file === undefined ? process.stdin : readFile(options.file, options.follow)
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let lines = []
  let bytes = 0
  const take = async (line) => {
    if (line.trim() === '') return
    const length = Buffer.byteLength(line)
    if (length > MAX_ENTRY_BYTES) return void (counts.tooLong += 1)
    if (bytes + length > ENTRY_BYTES) await flush()
    lines.push(line)
    bytes += length + 1
  }
  const flush = async () => {
    await send(redis, lines)
    lines = []
    bytes = 0
  }
  for await (const chunk of chunks) {
    const parts = (rest + decoder.write(chunk)).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) await take(line)
    // What is there is shown now, not when the next entry is full.
    await flush()
    if (stopped) break
  }
  await take(rest + decoder.end())
  await flush()
  redis.disconnect()
  process.stdout.write(`${counts.lines} lines in ${counts.entries} entries, ${counts.tooLong} too long\n`)
}

await main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
