/*
 * armTokens: the single-use proof that this session saw exactly this preview, not long ago.
 * In: a session, the hash of a command and of its targets. Out: a token; later whether it fits.
 * Invariant: a token is good once, for its session, for exactly its command and targets, for 30 s; a preview older than 10 s is not good
 * enough to confirm. How the set of targets moved is told in numbers while the list of that preview is kept. Memory is bounded.
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
  /** Seeds that would change, by layer. */
  readonly wanted: ReadonlyMap<string, readonly number[]>
}

export interface ArmTokens {
  issue(subject: ArmSubject): { readonly token: string; readonly expiresMs: number }
  /** Uses the token up, whether it fits or not. @throws COMMAND_ARM saying why it does not fit */
  redeem(token: string, subject: ArmSubject): void
}

const MAX_TOKENS = 4_096
/** Seeds remembered over all tokens: beyond it the oldest lists go, and their drift is told without numbers. */
const MAX_SEEDS = 1_000_000

interface Armed extends Omit<ArmSubject, 'wanted'> {
  readonly atMs: number
  wanted: ReadonlyMap<string, Uint32Array> | null
}

const sizeOf = (wanted: ReadonlyMap<string, { readonly length: number }>): number =>
  [...wanted.values()].reduce((sum, ids) => sum + ids.length, 0)

/** How many of `from` are not in `to`. */
function countLeft(from: ReadonlyMap<string, Iterable<number>>, to: ReadonlyMap<string, Iterable<number>>): number {
  let left = 0
  for (const [layerId, ids] of from) {
    const there = new Set(to.get(layerId))
    for (const id of ids) if (!there.has(id)) left++
  }
  return left
}

/** Says how the set moved since it was shown. */
function driftText(before: ReadonlyMap<string, Uint32Array> | null, now: ArmSubject['wanted']): string {
  const [left, joined] = before === null ? [0, 0] : [countLeft(before, now), countLeft(now, before)]
  const seeds = (count: number): string => `${count} ${count === 1 ? 'seed' : 'seeds'}`
  if (left > 0 && joined > 0) return `${seeds(left)} left the set since your preview and ${seeds(joined)} joined it`
  if (left > 0) return `${seeds(left)} left the set since your preview`
  if (joined > 0) return `${seeds(joined)} joined the set since your preview`
  return 'the state of the targets changed since the preview'
}

const refuse = (text: string) => new AppError('COMMAND_ARM', text, { path: 'confirm.arm_token' })

/** Creates an empty store; tokens do not survive a restart. */
export function createArmTokens(clock: Clock): ArmTokens {
  const armed = new Map<string, Armed>()
  let seeds = 0

  const tidy = (): void => {
    const nowMs = clock.monotonicMs()
    for (const [token, { atMs }] of armed) {
      if (armed.size <= MAX_TOKENS && nowMs - atMs <= COMMAND_LIMITS.armMs) return
      forget(token)
    }
  }
  const dropList = (one: Armed): void => {
    if (one.wanted !== null) seeds -= sizeOf(one.wanted)
    one.wanted = null
  }
  const forget = (token: string): Armed | undefined => {
    const known = armed.get(token)
    armed.delete(token)
    if (known?.wanted) seeds -= sizeOf(known.wanted)
    return known
  }
  const keepLists = (): void => {
    for (const one of armed.values()) {
      if (seeds <= MAX_SEEDS) return
      dropList(one)
    }
  }

  return {
    issue({ session, hash, listHash, wanted }) {
      const token = randomBytes(24).toString('base64url')
      const list = new Map([...wanted].map(([layerId, ids]) => [layerId, Uint32Array.from(ids)]))
      armed.set(token, { session, hash, listHash, wanted: list, atMs: clock.monotonicMs() })
      seeds += sizeOf(list)
      tidy()
      keepLists()
      return { token, expiresMs: clock.wallMs() + COMMAND_LIMITS.armMs }
    },
    redeem(token, subject) {
      const known = forget(token)
      if (known === undefined) throw refuse('this confirmation was used before, or is not known')
      if (known.session !== subject.session) throw refuse('this confirmation belongs to another session')
      const ageMs = clock.monotonicMs() - known.atMs
      if (ageMs > COMMAND_LIMITS.armMs) throw refuse(`this confirmation is ${Math.round(ageMs / 1_000)} s old`)
      if (known.hash !== subject.hash) throw refuse('the command was changed since it was confirmed')
      if (known.listHash !== subject.listHash) throw refuse(driftText(known.wanted, subject.wanted))
      if (ageMs > COMMAND_LIMITS.previewMs)
        throw refuse(
          `the preview is ${Math.round(ageMs / 1_000)} s old; ${COMMAND_LIMITS.previewMs / 1_000} s are good`,
        )
    },
  }
}
