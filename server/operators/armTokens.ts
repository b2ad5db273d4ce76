/*
 * armTokens: the single-use proof that this session saw exactly this preview, not long ago.
 * In: a session, the hash of a command and of its targets. Out: a token; later whether it fits.
 * Invariant: a token is good once, for its session, for exactly its command and targets, for 30 s; a preview older than 10 s is not good
 * enough to confirm. Memory is bounded.
 * Source: docs/commands.md "confirm".
 */
import { randomBytes } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface ArmSubject {
  readonly session: string
  readonly hash: string
  readonly listHash: string
}

export interface ArmTokens {
  issue(subject: ArmSubject): { readonly token: string; readonly expiresMs: number }
  /** Uses the token up, whether it fits or not. @throws COMMAND_ARM saying why it does not fit */
  redeem(token: string, subject: ArmSubject): void
}

const MAX_TOKENS = 4_096

interface Armed extends ArmSubject {
  readonly atMs: number
}

const refuse = (text: string) => new AppError('COMMAND_ARM', text, { path: 'confirm.arm_token' })

/** Creates an empty store; tokens do not survive a restart. */
export function createArmTokens(clock: Clock): ArmTokens {
  const armed = new Map<string, Armed>()

  const tidy = (): void => {
    const nowMs = clock.monotonicMs()
    for (const [token, { atMs }] of armed) {
      if (armed.size <= MAX_TOKENS && nowMs - atMs <= COMMAND_LIMITS.armMs) return
      armed.delete(token)
    }
  }

  return {
    issue({ session, hash, listHash }) {
      const token = randomBytes(24).toString('base64url')
      armed.set(token, { session, hash, listHash, atMs: clock.monotonicMs() })
      tidy()
      return { token, expiresMs: clock.wallMs() + COMMAND_LIMITS.armMs }
    },
    redeem(token, subject) {
      const known = armed.get(token)
      armed.delete(token)
      if (known === undefined) throw refuse('this confirmation was used before, or is not known')
      if (known.session !== subject.session) throw refuse('this confirmation belongs to another session')
      const ageMs = clock.monotonicMs() - known.atMs
      if (ageMs > COMMAND_LIMITS.armMs) throw refuse(`this confirmation is ${Math.round(ageMs / 1_000)} s old`)
      if (known.hash !== subject.hash) throw refuse('the command was changed since it was confirmed')
      if (known.listHash !== subject.listHash) throw refuse('the state of the targets changed since the preview')
      if (ageMs > COMMAND_LIMITS.previewMs)
        throw refuse(
          `the preview is ${Math.round(ageMs / 1_000)} s old; ${COMMAND_LIMITS.previewMs / 1_000} s are good`,
        )
    },
  }
}
