/*
 * The schemas of a command's state and of a moment in its life.
 * In: zod. Out: CommandState, CommandStage.
 * Invariant: the states are those of the table.
 * Source: docs/commands.md "states".
 */
import { z } from 'zod'
import { COMMAND_STATES } from './commandStateTable.ts'

export const CommandState = z.enum(COMMAND_STATES)
export type CommandState = z.infer<typeof CommandState>

/** A moment of a command: what happened, when, and who or what said so. `at` in ISO 8601 UTC. */
export const CommandStage = z.object({
  stage: z.enum([
    'drafted',
    'validated',
    'awaiting approval',
    'approved',
    'held',
    'issued',
    'sent',
    'received',
    'queued',
    'started',
    'applied',
    'verified',
    'failed',
    'rejected',
    'expired',
    'cancelled',
    'superseded',
    'duplicate',
    'unknown',
    'applied late',
    'not applied',
    'retried',
  ]),
  at: z.iso.datetime(),
  /** An operator, `server`, `gateway`, `layer` or `telemetry`. */
  by: z.string().max(128),
  text: z.string().max(2_000).optional(),
  /** Since the stage before, ms; null for the first. */
  after_ms: z.number().nullable(),
})
export type CommandStage = z.infer<typeof CommandStage>
