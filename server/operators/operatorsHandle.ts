/*
 * operatorsHandle: what routes and /ops may ask of the command plane.
 * In: validated requests with their caller. Out: plain data in the shapes of the contract.
 * Invariant: one function per act, the same for every transport; each throws what docs/commands.md names.
 * Source: docs/adr/0002-next-seam.md; docs/commands.md.
 */
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import type { CommandPreview, SeedChoices } from '../../lib/contracts/commandPreview.ts'
import type {
  ApproveRequest,
  BulkRequest,
  CancelRequest,
  CommandList,
  CommandListQuery,
  CommandRecord,
  CommandTaken,
  ControlRequest,
  ControlToken,
  OpsStatus,
  RetryRequest,
} from '../../lib/contracts/httpCommands.ts'
import type {
  ResumeChecklist,
  ResumeRequest,
  StopList,
  StopMatrix,
  StopRequest,
  StopTaken,
} from '../../lib/contracts/httpStops.ts'
import type { Operator } from './caller.ts'

/** The command plane; each throws what docs/commands.md names. */
export interface OperatorsHandle {
  readonly status: (caller: Operator) => OpsStatus
  readonly choices: (layerId: string, seedId: number, run?: string) => SeedChoices
  readonly preview: (draft: CommandDraft, caller: Operator) => Promise<CommandPreview>
  readonly submit: (draft: CommandDraft, caller: Operator, key: string | null) => Promise<CommandTaken>
  readonly list: (query: CommandListQuery) => Promise<CommandList>
  readonly command: (id: string) => Promise<CommandRecord>
  readonly approve: (id: string, request: ApproveRequest, caller: Operator) => Promise<CommandRecord>
  readonly cancel: (id: string, request: CancelRequest, caller: Operator) => Promise<CommandRecord>
  readonly retry: (id: string, request: RetryRequest, caller: Operator) => Promise<CommandRecord>
  readonly bulk: (id: string, request: BulkRequest, caller: Operator) => Promise<CommandRecord>
  readonly act: (request: ControlRequest, caller: Operator) => Promise<ControlToken>
  readonly stop: (request: StopRequest, caller: Operator) => Promise<StopTaken>
  readonly stops: () => StopList
  readonly matrix: (id: string) => Promise<StopMatrix>
  readonly stopReason: (id: string, reason: string, caller: Operator) => Promise<StopMatrix>
  readonly checklist: () => ResumeChecklist
  readonly resume: (request: ResumeRequest, caller: Operator, key: string | null) => Promise<CommandTaken>
  readonly openCommands: () => CommandRecord[]
  readonly liveStops: () => StopMatrix[]
}
