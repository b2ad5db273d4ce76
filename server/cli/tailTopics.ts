/*
 * tailTopics: entries of the bus as they come.
 * In: a pattern. Out: a line per entry until it is interrupted.
 * Invariant: it reads only, as one more broadcast subscriber; bytes that are no message are told by their size.
 * Source: docs/cli.md; docs/bus.md "subscribing".
 */
import path from 'node:path'
import { decodeEntry } from '../../lib/bus/codec.ts'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'

function describe(delivery: Delivery): Record<string, unknown> {
  const { topic, cursor, type, acceptedAtMs } = delivery
  const head = { topic, cursor, at: new Date(acceptedAtMs).toISOString(), type }
  try {
    const decoded = decodeEntry(delivery)
    if (decoded.kind === 'message') return { ...head, message: decoded.message }
  } catch (error) {
    return { ...head, bytes: delivery.data.byteLength, refused: (error as Error).message }
  }
  return { ...head, bytes: delivery.data.byteLength }
}

/** `morphoscope topics tail`. */
export async function tailTopics(args: CliArguments, io: CliIo): Promise<number> {
  const [what, pattern = 'kasmina.#'] = args.words
  if (what !== 'tail') {
    io.err('morphoscope topics tail [PATTERN]')
    return EXIT.usage
  }
  // The embedded server listens on a socket in the data folder.
  const url = io.config.redisUrl ?? `unix://${path.join(io.dataDir, 'redis', 'redis.sock')}`
  const bus = createRedisBus({ url, clock: io.clock, name: 'morphoscope-tail', scanForeign: true })
  try {
    await bus.start()
    const show = (delivery: Delivery): void => {
      const entry = describe(delivery)
      if (args.json) return io.out(JSON.stringify(entry))
      const { at, topic, type, message, bytes } = entry
      io.out(
        `${String(at)} ${String(topic)} ${String(type)} ${message === undefined ? `${String(bytes)} bytes` : JSON.stringify(message)}`,
      )
    }
    const { promise: interrupted, resolve } = Promise.withResolvers<void>()
    io.onInterrupt(resolve)
    await bus.subscribe(pattern, show, { mode: 'broadcast', from: 'latest' })
    await interrupted
    return EXIT.done
  } catch (error) {
    io.err(`the bus can not be read: ${(error as Error).message}`)
    return EXIT.unreachable
  } finally {
    await bus.stop(500)
  }
}
