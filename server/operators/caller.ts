/*
 * caller: who asks something of the command plane: a person or a token, in one session, by one way.
 * In: what the door found out. Out: Operator.
 * Invariant: found anew with each call; two callers with one session are one for every rule of two persons.
 * Source: docs/commands.md "two persons".
 */
import type { AuditActor } from '../audit/auditDraft.ts'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'

export interface Operator {
  readonly actor: string
  /** Names the session without opening it. */
  readonly session: string
  readonly via: CommandRecord['via']
  readonly permissions: readonly string[]
  readonly audit: AuditActor
}

/** Who acts when nobody asked: timers, telemetry, a restart. */
export const SERVER = 'server'
