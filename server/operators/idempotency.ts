/*
 * idempotency: one key, one intent: the same request again gets the same answer, another one under the same key is refused.
 * In: who, which door, the key, the body. Out: the answer, made once.
 * Invariant: an answer is kept with the command it belongs to, in one transaction; a request that failed before that leaves the key free;
 * of two at once, one is answered COMMAND_BUSY.
 * Source: docs/commands.md "idempotency".
 */
import { hashValue } from '../../lib/audit/entry.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import type { CommandTaken } from '../../lib/contracts/httpCommands.ts'
import { IdempotencyKey } from '../../lib/contracts/opsEvents.ts'
import type { CommandKey, CommandStore } from './commandStore.ts'

export interface Idempotency {
  /** @throws COMMAND_KEY, COMMAND_BUSY, CONTRACT_INVALID for a key that is none, and what `make` throws */
  once(
    request: { readonly actor: string; readonly endpoint: string; readonly key: string | null; readonly body: unknown },
    make: (key: CommandKey) => Promise<CommandTaken>,
  ): Promise<CommandTaken>
}

/** Creates the keeper of keys over a store. */
export function createIdempotency(store: Pick<CommandStore, 'keyed'>): Idempotency {
  const underWay = new Map<string, string>()
  return {
    async once({ actor, endpoint, key: given, body }, make) {
      const parsed = IdempotencyKey.safeParse(given ?? '')
      if (!parsed.success)
        throw new AppError(
          'CONTRACT_INVALID',
          given === null
            ? 'the header Idempotency-Key is missing: make one per intent, for example a UUID'
            : 'an Idempotency-Key is one line of 8 to 128 characters',
          { path: 'Idempotency-Key' },
        )
      const key = { actor, endpoint, key: parsed.data, bodyHash: hashValue(body) }
      const place = JSON.stringify([actor, endpoint, parsed.data])
      const other = () => new AppError('COMMAND_KEY', 'this key was used for another body', { path: 'Idempotency-Key' })
      const running = underWay.get(place)
      if (running !== undefined) {
        if (running !== key.bodyHash) throw other()
        throw new AppError('COMMAND_BUSY', 'the same request is being worked on', { path: 'Idempotency-Key' })
      }
      underWay.set(place, key.bodyHash)
      try {
        const known = await store.keyed(key)
        if (known === null) return await make(key)
        if (known.bodyHash !== key.bodyHash) throw other()
        return known.answer
      } finally {
        underWay.delete(place)
      }
    },
  }
}
