/*
 * access: the one answer to "who is this, and may they?", for routes and for sockets alike.
 * In: what a caller shows. Out: the subject as it is now, a refusal, word of every change.
 * Invariant: nothing is decided by what was true earlier: a change (revoked, role lowered, expired) holds for the next call, and
 * open sockets are told within a second, also when another node made it. A bearer line is never mixed with a cookie.
 * Source: docs/security.md "access"; docs/adr/0011-access.md.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'
import type { Permission } from '../../lib/contracts/permissions.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { ANONYMOUS, fingerprint, type Credentials, type Subject } from './subject.ts'

/** Finds out who shows this; null = nobody (any more). Asked again after every change. */
export type Resolve = () => Promise<Subject | null>

export interface Identity {
  readonly subject: Subject
  /** Finds the present state of the same caller. */
  readonly key: string
}

/** Where identities come from: cookies of one mode, tokens. */
export interface IdentitySource {
  /** Null: this source has nothing to say about these credentials. `key` is never a secret itself. */
  claim(credentials: Credentials): { readonly key: string; readonly resolve: Resolve } | null
}

export interface Denial {
  readonly subject: Subject
  readonly permission: Permission
  readonly what: string
  readonly address: string
}

export interface Access {
  identify(credentials: Credentials): Promise<Identity>
  /** @throws GUARD_SIGN_IN, GUARD_FORBIDDEN */
  authorize(credentials: Credentials, permission: Permission, what: string): Promise<Subject>
  /** The caller of an open socket, now; null when it is nobody any more. */
  current(key: string): Subject | null
  /** Keeps a caller known while its socket is open; returns the undo. */
  hold(identity: Identity): () => void
  denied(denial: Denial): void
  /** A route failed in a way nobody foresaw. */
  report(error: AppError): void
  /** Something about people, sessions or tokens changed here: forget what was known. */
  changed(): Promise<void>
  /** Called after what is known of held callers was brought up to date. */
  onChange(listener: () => void): () => void
  /** Salted: the same address gives the same text in this installation, and nothing elsewhere. */
  addressHash(address: string): string
  stop(): void
}

export interface AccessOptions {
  readonly clock: Clock
  /** In the order in which they are asked. */
  readonly sources: readonly IdentitySource[]
  readonly salt: string
  readonly metricsToken: string | null
  readonly onDenied: (denial: Denial) => void
  readonly onProblem: (text: string) => void
  readonly onFailure: (error: AppError) => void
  /** Number that grows with each change any node makes; null where this process is the only one. */
  readonly version?: () => Promise<number>
  readonly raiseVersion?: () => Promise<void>
}

const KNOWN = 10_000
/** A change made by another node holds here after this at the latest. */
const POLL_MS = 400

interface Known {
  readonly resolve: Resolve
  subject: Subject
  holds: number
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(fingerprint(a)), Buffer.from(fingerprint(b)))
}

/** Creates the door; it polls for changes of other nodes until stopped. */
export function createAccess(options: AccessOptions): Access {
  const { clock, sources, metricsToken } = options
  const known = new Map<string, Known>()
  const listeners = new Set<() => void>()
  let generation = 0
  let seenVersion: number | null = null

  const expired = ({ expiresMs }: Subject): boolean => expiresMs !== null && expiresMs <= clock.wallMs()

  const remember = (key: string, entry: Known): void => {
    known.delete(key)
    known.set(key, entry)
    if (known.size <= KNOWN) return
    for (const [old, { holds }] of known) {
      if (holds > 0) continue
      known.delete(old)
      return
    }
  }

  const identify = async (credentials: Credentials): Promise<Identity> => {
    for (const source of sources) {
      const claim = source.claim(credentials)
      if (claim === null) continue
      const before = known.get(claim.key)
      if (before !== undefined && !expired(before.subject)) {
        remember(claim.key, before)
        return { key: claim.key, subject: before.subject }
      }
      const at = generation
      const subject = await claim.resolve()
      if (subject === null || expired(subject)) return { key: claim.key, subject: ANONYMOUS }
      // What was found before a change is given once, and not kept.
      if (at === generation)
        remember(claim.key, { resolve: claim.resolve, subject, holds: known.get(claim.key)?.holds ?? 0 })
      return { key: claim.key, subject }
    }
    return { key: 'anonymous', subject: ANONYMOUS }
  }

  /** Forgets who is not held, asks again for who is. A caller that can not be asked for is nobody. */
  const refresh = async (): Promise<void> => {
    generation++
    const held = [...known].filter(([, entry]) => entry.holds > 0)
    known.clear()
    for (const [key, entry] of held) known.set(key, { ...entry, subject: ANONYMOUS })
    await Promise.all(
      held.map(async ([key, entry]) => {
        const subject = await entry.resolve().catch((error: unknown) => {
          options.onProblem(`a session could not be looked up and is closed: ${String(error)}`)
          return null
        })
        const now = known.get(key)
        if (now !== undefined) now.subject = subject ?? ANONYMOUS
      }),
    )
    for (const listener of listeners) listener()
  }

  let polling = false
  const poll = async (): Promise<void> => {
    if (polling || options.version === undefined) return
    polling = true
    try {
      const version = await options.version()
      // The first look counts as a change: what was found before it may be older than what another node wrote.
      if (version !== seenVersion) await refresh()
      seenVersion = version
    } catch (error) {
      options.onProblem(`changes of access can not be read: ${(error as Error).message}`)
    } finally {
      polling = false
    }
  }
  const undoPoll = clock.every(POLL_MS, () => {
    void poll()
    // Whoever ran out of time is nobody, also when nothing else happens.
    if ([...known.values()].some((entry) => entry.holds > 0 && expired(entry.subject)))
      for (const listener of listeners) listener()
  })

  const mayReadMetrics = (credentials: Credentials, subject: Subject): boolean =>
    subject.permissions.has('metrics') ||
    (credentials.loopback && credentials.authorization === null) ||
    (metricsToken !== null && sameText(credentials.authorization ?? '', `Bearer ${metricsToken}`))

  return {
    identify,
    async authorize(credentials, permission, what) {
      if (permission === 'none') return (await identify(credentials).catch(() => ({ subject: ANONYMOUS }))).subject
      const { subject } = await identify(credentials)
      if (permission === 'metrics' ? mayReadMetrics(credentials, subject) : subject.permissions.has(permission))
        return subject
      const denial = { subject, permission, what, address: credentials.address }
      options.onDenied(denial)
      throw refusal(denial)
    },
    current(key) {
      const entry = known.get(key)
      return entry === undefined || entry.subject.method === 'none' || expired(entry.subject) ? null : entry.subject
    },
    hold(identity) {
      const entry = known.get(identity.key)
      if (entry === undefined) return () => undefined
      entry.holds++
      let undone = false
      return () => {
        if (undone) return
        undone = true
        const now = known.get(identity.key)
        if (now !== undefined) now.holds--
      }
    },
    denied: (denial) => options.onDenied(denial),
    report: (error) => options.onFailure(error),
    async changed() {
      await options.raiseVersion?.()
      await refresh()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    addressHash: (address) => createHmac('sha256', options.salt).update(address).digest('hex').slice(0, 16),
    stop: undoPoll,
  }
}

/** What a caller who may not is told: sign in, or ask for the right. */
export function refusal({ subject, permission, what }: Omit<Denial, 'address'>): AppError {
  if (subject.method === 'none') return new AppError('GUARD_SIGN_IN', `${what} needs a sign-in`)
  const roles = subject.roles.length === 0 ? '' : ` (${subject.roles.join(', ')})`
  return new AppError(
    'GUARD_FORBIDDEN',
    `${what} needs the permission ${permission}; ${subject.name}${roles} has not got it`,
  )
}
