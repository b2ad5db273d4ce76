/*
 * opsActions: the questions and acts of the command plane over HTTP.
 * In: drafts, ids, keys. Out: what the server answered. @throws ApiError with its words
 * Invariant: whatever changes something carries the key of its intent, so that a repeat is the same act.
 * Source: docs/protocol.md "commands over HTTP".
 */
import type { ConfirmAnswer } from '../../lib/contracts/commandDraft.ts'
import type { CommandPreview } from '../../lib/contracts/commandPreview.ts'
import type { CommandRecord, CommandTaken, ControlToken } from '../../lib/contracts/httpCommands.ts'
import type {
  ApproveInput,
  BulkInput,
  CancelInput,
  ControlInput,
  DraftInput,
  ResumeInput,
  RetryInput,
} from '../../lib/contracts/opsInputs.ts'
import { ApiError, askApi } from '../records/useApi.ts'
import { replayRefusal } from './presentOnly.ts'

/** A draft as a form has it: what has a default may be left out. */
export type Draft = DraftInput

const post = <T>(url: string, body: unknown, key?: string): Promise<T> =>
  askApi<T>(url, { method: 'POST', body, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) })

export const previewCommand = (draft: Draft, signal: AbortSignal): Promise<CommandPreview> =>
  askApi<CommandPreview>('/api/commands/preview', { method: 'POST', body: draft, signal })

/** What begins or goes on with something is refused while the past is shown; taking back is not. */
const postNow: typeof post = async (url, body, key) => {
  const text = replayRefusal()
  if (text !== null) throw new ApiError({ status: null, code: 'REPLAY', text })
  return post(url, body, key)
}

export const submitCommand = (draft: Draft, confirm: ConfirmAnswer, key: string): Promise<CommandTaken> =>
  postNow('/api/commands', { ...draft, confirm }, key)

export const approveCommand = (id: string, request: ApproveInput): Promise<CommandRecord> =>
  (request.decision === 'approve' ? postNow : post)(`/api/commands/${id}/approve`, request)

export const cancelCommand = (id: string, request: CancelInput = {}): Promise<CommandRecord> =>
  post(`/api/commands/${id}/cancel`, request)

export const retryCommand = (id: string, request: RetryInput = {}): Promise<CommandRecord> =>
  postNow(`/api/commands/${id}/retry`, request)

export const actOnBulk = (id: string, request: BulkInput): Promise<CommandRecord> =>
  post(`/api/commands/${id}/bulk`, request)

export const changeControl = (request: ControlInput): Promise<ControlToken> => post('/api/control', request)

export const proposeResume = (request: ResumeInput, key: string): Promise<CommandTaken> =>
  postNow('/api/resume', request, key)
