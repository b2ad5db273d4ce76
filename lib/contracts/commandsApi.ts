/*
 * The routes of the command plane: method, path, permission, inputs and answers.
 * In: the schemas of commands and stops. Out: COMMANDS_API, a part of the HTTP contract.
 * Invariant: everything that changes something names the permission operator; the stop has no input beyond its scope.
 * Source: docs/protocol.md "commands over HTTP".
 */
import { CommandDraft } from './commandDraft.ts'
import { CommandPreview, SeedChoices } from './commandPreview.ts'
import {
  ApproveRequest,
  BulkRequest,
  CancelRequest,
  CommandList,
  CommandListQuery,
  CommandPath,
  CommandRecord,
  CommandTaken,
  ControlRequest,
  ControlToken,
  OpsStatus,
  RetryRequest,
} from './httpCommands.ts'
import { NoInput, RunFilter, SeedPath } from './httpShapes.ts'
import {
  ResumeChecklist,
  ResumeRequest,
  StopList,
  StopMatrix,
  StopReason,
  StopRequest,
  StopTaken,
} from './httpStops.ts'

const none = { params: NoInput, query: NoInput, contentType: 'application/json' } as const
const one = { params: CommandPath, query: NoInput, contentType: 'application/json' } as const

export const COMMANDS_API = Object.freeze({
  previewCommand: {
    ...none,
    method: 'POST',
    path: '/api/commands/preview',
    permission: 'operator',
    summary:
      'What a command would do: legality with reasons, guard level, readings, effect, budget, precedent, how it is confirmed.',
    body: CommandDraft,
    output: CommandPreview,
    problems: [403, 404, 413, 422, 429, 503],
  },
  submitCommand: {
    ...none,
    method: 'POST',
    path: '/api/commands',
    permission: 'operator',
    summary:
      'Sends a command. The header Idempotency-Key is required: the same key and body get the same answer, another body 422.',
    body: CommandDraft,
    output: CommandTaken,
    problems: [403, 404, 409, 413, 422, 429, 503],
  },
  commands: {
    ...none,
    method: 'GET',
    path: '/api/commands',
    permission: 'viewer',
    summary: 'Commands, newest first: what waits, what runs, what is unknown, what was.',
    query: CommandListQuery,
    output: CommandList,
    problems: [422, 503],
  },
  command: {
    ...one,
    method: 'GET',
    path: '/api/commands/{id}',
    permission: 'viewer',
    summary: 'One command with every stage and its outcome.',
    output: CommandRecord,
    problems: [404, 422, 503],
  },
  approveCommand: {
    ...one,
    method: 'POST',
    path: '/api/commands/{id}/approve',
    permission: 'operator',
    summary: 'The second person agrees or refuses, quoting the hash of exactly this command.',
    body: ApproveRequest,
    output: CommandRecord,
    problems: [403, 404, 409, 422, 503],
  },
  cancelCommand: {
    ...one,
    method: 'POST',
    path: '/api/commands/{id}/cancel',
    permission: 'operator',
    summary:
      'Takes back what was not sent, with certainty; what was sent can not be cancelled, and the answer says so.',
    body: CancelRequest,
    output: CommandRecord,
    problems: [403, 404, 409, 422, 503],
  },
  retryCommand: {
    ...one,
    method: 'POST',
    path: '/api/commands/{id}/retry',
    permission: 'operator',
    summary: 'Sends the same command again under the same id.',
    body: RetryRequest,
    output: CommandRecord,
    problems: [403, 404, 409, 422, 429, 503],
  },
  bulkCommand: {
    ...one,
    method: 'POST',
    path: '/api/commands/{id}/bulk',
    permission: 'operator',
    summary:
      'Pauses, resumes or stops a run over many seeds, sends the failed ones again, or confirms a set that drifted.',
    body: BulkRequest,
    output: CommandRecord,
    problems: [403, 404, 409, 422, 503],
  },
  seedChoices: {
    method: 'GET',
    path: '/api/layers/{layer}/seeds/{seed}/choices',
    permission: 'viewer',
    summary: 'The target states of one seed, legal and illegal, each with its reason and guard level.',
    params: SeedPath,
    query: RunFilter,
    output: SeedChoices,
    contentType: 'application/json',
    problems: [404, 422],
  },
  opsStatus: {
    ...none,
    method: 'GET',
    path: '/api/ops',
    permission: 'viewer',
    summary: 'Control token, what is open, blast budget, gateway, stop readiness, stops in force.',
    output: OpsStatus,
    problems: [503],
  },
  control: {
    ...none,
    method: 'POST',
    path: '/api/control',
    permission: 'operator',
    summary: 'Takes, asks for, hands over, refuses or releases the control token.',
    body: ControlRequest,
    output: ControlToken,
    problems: [403, 409, 422, 503],
  },
  emergencyStop: {
    ...none,
    method: 'POST',
    path: '/api/emergency-stop',
    permission: 'operator',
    summary: 'Stops all or some layers at once. Never queued. A plain HTML form may post it too.',
    body: StopRequest,
    output: StopTaken,
    problems: [403, 404, 422, 503],
  },
  emergencyStops: {
    ...none,
    method: 'GET',
    path: '/api/emergency-stop',
    permission: 'viewer',
    summary: 'The newest stops with their matrices.',
    output: StopList,
    problems: [503],
  },
  emergencyStopMatrix: {
    ...one,
    method: 'GET',
    path: '/api/emergency-stop/{id}',
    permission: 'viewer',
    summary: 'Per layer when the stop was sent, accepted, applied and verified, and on which path.',
    output: StopMatrix,
    problems: [404, 422, 503],
  },
  emergencyStopReason: {
    ...one,
    method: 'POST',
    path: '/api/emergency-stop/{id}/reason',
    permission: 'operator',
    summary: 'Says afterwards why the stop was made.',
    body: StopReason,
    output: StopMatrix,
    problems: [403, 404, 422, 503],
  },
  resumeChecklist: {
    ...none,
    method: 'GET',
    path: '/api/resume',
    permission: 'viewer',
    summary: 'What must hold before a stop is lifted, filled in by the server where it can.',
    output: ResumeChecklist,
    problems: [503],
  },
  resume: {
    ...none,
    method: 'POST',
    path: '/api/resume',
    permission: 'operator',
    summary:
      'Proposes to lift a stop; another person approves it under /api/commands/{id}/approve. Needs Idempotency-Key.',
    body: ResumeRequest,
    output: CommandTaken,
    problems: [403, 404, 409, 422, 429, 503],
  },
} as const)
