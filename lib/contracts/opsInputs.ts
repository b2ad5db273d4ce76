/*
 * What may be sent to the command plane, as types: fields with a default may be left out.
 * In: the schemas. Out: input types, for clients that do not carry the schemas.
 * Invariant: types only; nothing of it exists at run time.
 * Source: docs/protocol.md "commands over HTTP".
 */
import type { z } from 'zod'
import type { CommandDraft } from './commandDraft.ts'
import type { ApproveRequest, BulkRequest, CancelRequest, ControlRequest, RetryRequest } from './httpCommands.ts'
import type { ResumeRequest } from './httpStops.ts'

export type DraftInput = z.input<typeof CommandDraft>
export type ApproveInput = z.input<typeof ApproveRequest>
export type CancelInput = z.input<typeof CancelRequest>
export type RetryInput = z.input<typeof RetryRequest>
export type BulkInput = z.input<typeof BulkRequest>
export type ControlInput = z.input<typeof ControlRequest>
export type ResumeInput = z.input<typeof ResumeRequest>
