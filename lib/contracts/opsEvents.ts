/*
 * The Socket.IO contract of `/ops`: commands and their acknowledgements, the same guards as over HTTP.
 * In: zod. Out: schemas and permissions for the server's door, typed maps for both ends.
 * Invariant: every client event is answered exactly once with ok or a problem; what HTTP refuses is refused here, with the same code.
 * Source: docs/protocol.md "Socket.IO"; docs/commands.md.
 */
import { z } from 'zod'
import { CommandDraft } from './commandDraft.ts'
import type { CommandPreview, SeedChoices } from './commandPreview.ts'
import {
  ApproveRequest,
  BulkRequest,
  CancelRequest,
  ControlRequest,
  RetryRequest,
  type CommandRecord,
  type CommandTaken,
  type ControlToken,
  type OpsStatus,
} from './httpCommands.ts'
import type { AlertsChanged, AlertSummary } from './httpAlerts.ts'
import { ResumeRequest, StopRequest, type StopMatrix, type StopTaken } from './httpStops.ts'
import { LayerId, LogText, RunId, SeedId } from './ids.ts'
import type { Ack } from './socketEvents.ts'

export const OPS_EVENTS_PER_SECOND = 20

const Id = z.object({ id: z.uuid() })
/** One key per intent, made when the form opens: a double click is one command. */
export const IdempotencyKey = LogText.min(8).max(128)

export const OpsHello = z.object({ protocol: z.literal(1) })
export const OpsSubmit = z.object({ key: IdempotencyKey, command: CommandDraft })
export const OpsApprove = ApproveRequest.extend(Id.shape)
export const OpsCancel = CancelRequest.extend(Id.shape)
export const OpsRetry = RetryRequest.extend(Id.shape)
export const OpsBulk = BulkRequest.extend(Id.shape)
export const OpsChoices = z.object({ layer_id: LayerId, seed_id: SeedId, run_id: RunId.optional() })
export const OpsResume = ResumeRequest.extend({ key: IdempotencyKey })

export interface OpsHelloAnswer {
  readonly status: OpsStatus
  /** Everything that is not over, newest first. */
  readonly open: readonly CommandRecord[]
  /** Stops in force or younger than an hour. */
  readonly stops: readonly StopMatrix[]
  /** Counts of alerts, and whether their engine runs. */
  readonly alerts: AlertSummary
}

export interface OpsClientEvents {
  hello: (request: z.infer<typeof OpsHello>, ack: (answer: Ack<OpsHelloAnswer>) => void) => void
  preview: (command: z.input<typeof CommandDraft>, ack: (answer: Ack<CommandPreview>) => void) => void
  choices: (request: z.infer<typeof OpsChoices>, ack: (answer: Ack<SeedChoices>) => void) => void
  submit: (request: z.input<typeof OpsSubmit>, ack: (answer: Ack<CommandTaken>) => void) => void
  approve: (request: z.input<typeof OpsApprove>, ack: (answer: Ack<CommandRecord>) => void) => void
  cancel: (request: z.input<typeof OpsCancel>, ack: (answer: Ack<CommandRecord>) => void) => void
  retry: (request: z.input<typeof OpsRetry>, ack: (answer: Ack<CommandRecord>) => void) => void
  bulk: (request: z.input<typeof OpsBulk>, ack: (answer: Ack<CommandRecord>) => void) => void
  control: (request: z.input<typeof ControlRequest>, ack: (answer: Ack<ControlToken>) => void) => void
  stop: (request: z.input<typeof StopRequest>, ack: (answer: Ack<StopTaken>) => void) => void
  resume: (request: z.input<typeof OpsResume>, ack: (answer: Ack<CommandTaken>) => void) => void
}

export interface OpsServerEvents {
  /** Once a second and at every change: latest wins. */
  status: (status: OpsStatus) => void
  /** A command was taken or moved on; the whole record, latest wins by `updated_at`. */
  command: (record: CommandRecord) => void
  /** The matrix of a stop moved. */
  stop: (matrix: StopMatrix) => void
  /** Alerts changed, gathered for a tenth of a second; also each 5 s, so that a page knows that the engine runs. */
  alerts: (changed: AlertsChanged) => void
}

/** Schema and permission of every client event; the one wrapper that binds handlers reads this table. */
export const OPS_EVENT_SCHEMAS = Object.freeze({
  hello: { schema: OpsHello, permission: 'viewer' },
  preview: { schema: CommandDraft, permission: 'operator' },
  choices: { schema: OpsChoices, permission: 'viewer' },
  submit: { schema: OpsSubmit, permission: 'operator' },
  approve: { schema: OpsApprove, permission: 'operator' },
  cancel: { schema: OpsCancel, permission: 'operator' },
  retry: { schema: OpsRetry, permission: 'operator' },
  bulk: { schema: OpsBulk, permission: 'operator' },
  control: { schema: ControlRequest, permission: 'operator' },
  stop: { schema: StopRequest, permission: 'operator' },
  resume: { schema: OpsResume, permission: 'operator' },
} as const)
