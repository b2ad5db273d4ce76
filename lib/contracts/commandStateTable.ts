/*
 * The life of a command on the issuing side: its states, which follow which, and which are the end.
 * In: nothing. Out: states, edges, stages, outcomes as data.
 * Invariant: every command ends in exactly one final state; UNKNOWN is never final by itself: telemetry settles it to applied late or
 * not applied, and only those close it.
 * Source: docs/commands.md "states"; reliability of commands in docs/protocol.md.
 */
export const COMMAND_STATES = [
  'DRAFTED',
  'VALIDATED',
  'AWAIT_APPROVAL',
  'APPROVED',
  'HELD',
  'ISSUED',
  'DELIVERED',
  'STARTED',
  'APPLIED',
  'FAILED',
  'REJECTED',
  'EXPIRED',
  'CANCELLED',
  'SUPERSEDED',
  'DUPLICATE',
  'UNKNOWN',
  'APPLIED_LATE',
  'NOT_APPLIED',
] as const
type CommandState = (typeof COMMAND_STATES)[number]

const OUTCOMES: readonly CommandState[] = ['APPLIED', 'FAILED', 'REJECTED', 'EXPIRED', 'SUPERSEDED', 'DUPLICATE']
/** After dispatch a command may end, or fall silent; what was not sent can only be cancelled, refused or too old. */
const SENT: readonly CommandState[] = [...OUTCOMES, 'CANCELLED', 'UNKNOWN']

/** Lists what may follow each state. A state without followers is final. */
export const COMMAND_EDGES: Readonly<Record<CommandState, readonly CommandState[]>> = Object.freeze({
  DRAFTED: ['VALIDATED', 'REJECTED'],
  VALIDATED: ['AWAIT_APPROVAL', 'HELD', 'ISSUED', 'REJECTED', 'CANCELLED', 'FAILED'],
  AWAIT_APPROVAL: ['APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED'],
  APPROVED: ['HELD', 'ISSUED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'FAILED'],
  HELD: ['ISSUED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'FAILED'],
  ISSUED: ['DELIVERED', 'STARTED', ...SENT],
  DELIVERED: ['STARTED', ...SENT],
  STARTED: SENT,
  UNKNOWN: ['APPLIED_LATE', 'NOT_APPLIED'],
  APPLIED: [],
  FAILED: [],
  REJECTED: [],
  EXPIRED: [],
  CANCELLED: [],
  SUPERSEDED: [],
  DUPLICATE: [],
  APPLIED_LATE: [],
  NOT_APPLIED: [],
})

/** Tells whether nothing can follow any more. */
export function isFinalState(state: CommandState): boolean {
  return COMMAND_EDGES[state].length === 0
}

/** Tells whether the command has not left the server: cancelling it is certain. */
export function isCancellable(state: CommandState): boolean {
  return COMMAND_EDGES[state].includes('CANCELLED') && !COMMAND_EDGES[state].includes('UNKNOWN')
}
