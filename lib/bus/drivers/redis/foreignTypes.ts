/** Takes keys that are no streams out of a reader, so that one of them does not stop the others. */
import { AppError } from '../../../contracts/appError.ts'
import type { Caller } from './redisConnection.ts'

/** Asks for the type of every key that is read; those that are no streams are told, left out and not taken up again. */
export async function dropForeignTypes(
  connection: Caller,
  sources: { keys(): Iterable<string>; delete(topic: string): unknown },
  banned: Set<string>,
  onError: (error: AppError) => void,
): Promise<void> {
  for (const topic of sources.keys()) {
    const type = String(await connection.call(['TYPE', topic]).catch(() => 'stream'))
    if (type === 'stream' || type === 'none') continue
    sources.delete(topic)
    banned.add(topic)
    onError(new AppError('BUS_REFUSED', `the key ${topic} holds a ${type}, not a stream: it is not read`, { topic }))
  }
}
