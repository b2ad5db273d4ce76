/*
 * commandThreads: which thread each command belongs to, for as long as what it causes is told.
 * In: commands as they are handed to the trainer. Out: the correlation id of what a command caused.
 * Invariant: bounded: the oldest leave; a command that is not known (any more) is a thread of its own, never one of somebody else's.
 * Source: docs/protocol.md "threads".
 */
import type { Command } from '../contracts/commands.ts'

export interface CommandThreads {
  note(command: Command): void
  threadOf(commandId: string): string
}

const KEPT = 4_096

/** Creates an empty memory. */
export function createCommandThreads(kept = KEPT): CommandThreads {
  const threads = new Map<string, string>()
  const add = (id: string, thread: string): void => {
    // A command that is its own thread needs no place.
    if (id === thread) return
    threads.delete(id)
    threads.set(id, thread)
    if (threads.size > kept) threads.delete(threads.keys().next().value ?? '')
  }
  return {
    note(command) {
      const thread = command.correlation_id ?? command.message_id
      add(command.message_id, thread)
      if (command.message_type !== 'BatchCommand') return
      for (const part of command.commands) add(part.message_id, part.correlation_id ?? thread)
    },
    threadOf: (commandId) => threads.get(commandId) ?? commandId,
  }
}

/** Names the thread of an injected fault: from its injection over what it does to its end. */
export const faultThread = (faultId: string): string => `fault:${faultId}`.slice(0, 128)
