/*
 * passwords: argon2id, as many at once as memory allows, in the text form that other programs read.
 * In: a password. Out: its hash; whether a hash is of it.
 * Invariant: a flood of sign-ins costs a bounded amount of memory; whoever would have to wait too long is told so at once.
 * Source: docs/security.md "passwords"; OWASP password storage: 19 MiB, 2 passes.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'

export interface Passwords {
  /** @throws GUARD_RATE when too many wait already */
  hash(password: string): Promise<string>
  /** @throws GUARD_RATE when too many wait already */
  verify(hash: string, password: string): Promise<boolean>
}

const MEMORY_KB = 19_456
const PASSES = 2
const TAG_BYTES = 32
const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=1\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{43})$/

interface Parameters {
  readonly salt: Buffer
  readonly memory: number
  readonly passes: number
}

const toText = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

const derive = (password: string, { salt, memory, passes }: Parameters): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parameters = { message: password, nonce: salt, parallelism: 1, tagLength: TAG_BYTES, memory, passes }
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
  })

/** `atOnce` hashes are computed together, `waiting` more may wait for their turn. */
export function createPasswords({ atOnce = 2, waiting = 64 } = {}): Passwords {
  let running = 0
  const queue: (() => void)[] = []
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new AppError('GUARD_RATE', 'too many sign-ins at this moment')
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next === undefined) running--
      else next()
    }
  }
  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = randomBytes(16)
        const tag = await derive(password, { salt, memory: MEMORY_KB, passes: PASSES })
        return `$argon2id$v=19$m=${MEMORY_KB},t=${PASSES},p=1$${toText(salt)}$${toText(tag)}`
      }),
    verify: (hash, password) =>
      inTurn(async () => {
        const match = FORM.exec(hash)
        if (match === null) return false
        const [, memory, passes, salt, tag] = match
        const parameters = { salt: Buffer.from(salt!, 'base64'), memory: Number(memory), passes: Number(passes) }
        return timingSafeEqual(await derive(password, parameters), Buffer.from(tag!, 'base64'))
      }),
  }
}
