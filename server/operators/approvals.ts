/*
 * approvals: the second person: who may agree, to exactly what, until when.
 * In: a waiting command, who says what. Out: the decision, or why it does not count.
 * Invariant: another person, another session, the very hash that was looked at; a decision that came too late changes nothing.
 * Source: docs/commands.md "two persons".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { ApproveRequest } from '../../lib/contracts/httpCommands.ts'
import type { Operator } from './caller.ts'
import type { StoredCommand } from './storedCommand.ts'

/** @throws COMMAND_STATE when it does not wait, COMMAND_APPROVAL when this person, session or hash does not count */
export function checkApproval(command: StoredCommand, request: ApproveRequest, caller: Operator, nowMs: number): void {
  const refuse = (text: string, path: string) => new AppError('COMMAND_APPROVAL', text, { path })
  if (command.state !== 'AWAIT_APPROVAL' || command.approval === null) {
    const last = command.approvals.at(-1)
    const who = last === undefined ? '' : `; ${last.by} decided before you`
    throw new AppError('COMMAND_STATE', `the command is ${command.state} and waits for nobody${who}`, { path: 'id' })
  }
  if (nowMs >= command.approval.expiresMs)
    throw new AppError('COMMAND_STATE', 'the time to approve is over', { path: 'id' })
  if (request.hash !== command.hash) throw refuse('this hash is of another command than the one that waits', 'hash')
  if (caller.actor === command.actor && request.decision === 'approve')
    throw refuse(`${caller.actor} proposed it: another person approves`, 'actor')
  if (request.decision === 'approve' && caller.audit.method === 'token')
    throw refuse('a program can not be the second person: somebody who signed in approves', 'actor')
  if (caller.session === command.session && request.decision === 'approve')
    throw refuse('the session that proposed it can not approve it', 'session')
  const { from } = command.approval
  if (from !== null && caller.actor !== from && request.decision === 'approve')
    throw refuse(`${from} has control and approves proposals`, 'actor')
}
