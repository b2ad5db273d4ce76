/*
 * resumeService: the way back from a stop: checklist, reason, second person, then the gateway's ramp, followed to its end.
 * In: a proposal and who makes it; what the gateway says of the ramp. Out: a command of type Resume.
 * Invariant: level 4 whatever the context; the checklist is looked at when it is proposed and again when it is sent; a ramp that halted
 * itself is a failure and never a success.
 * Source: docs/commands.md "resume"; docs/ux.md "resume".
 */
import { hashValue } from '../../lib/audit/entry.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { GatewayResumeState } from '../../lib/contracts/gatewayControl.ts'
import type { CommandTaken } from '../../lib/contracts/httpCommands.ts'
import type { ChecklistItem, ResumeChecklist, ResumeRequest } from '../../lib/contracts/httpStops.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'
import { SERVER, type Operator } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import type { CommandLaunch } from './commandLaunch.ts'
import { takenOf } from './commandService.ts'
import type { CommandKey } from './commandStore.ts'
import type { Idempotency } from './idempotency.ts'
import { newBulk } from './draftCommand.ts'
import type { RateLimit } from './rateLimit.ts'
import { failedChecks } from './resumeChecks.ts'
import { toMatrix, type KnownStop } from './stopMatrix.ts'
import type { StopService } from './stopService.ts'
import type { StoredBulk, StoredCommand } from './storedCommand.ts'
import { waveSizes } from './targetSplit.ts'

export interface ResumeOptions {
  readonly book: CommandBook
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditLog
  readonly gateway: Pick<GatewayClient, 'resume' | 'resumeState'>
  readonly stops: StopService
  readonly idempotency: Idempotency
  readonly rate: RateLimit
  readonly launch: () => CommandLaunch
  readonly checks: (confirmed: readonly string[]) => ChecklistItem[]
}

export interface ResumeService {
  checklist(): ResumeChecklist
  propose(request: ResumeRequest, caller: Operator, key: string | null): Promise<CommandTaken>
  /** Carries an approved resume out. */
  run(id: string): Promise<void>
  onGatewayResume(state: GatewayResumeState): void
  onGatewayUp(): void
}

const RAMP = { hold_s: 10, health_floor: 0.2 }

interface ResumeBody {
  readonly type: 'Resume'
  readonly stop_id: string
  readonly ramp: { readonly hold_s: number; readonly health_floor: number }
  readonly confirmed: readonly string[]
}

const layersOf = (stop: KnownStop): readonly string[] => stop.state?.layers.map((layer) => layer.layer_id) ?? []
const target = (layerId: string) => ({ layerId, seedId: 0, state: 'DORMANT' as const, generation: null })

/** The gateway's waves as waves of the record. */
function toBulk(bulk: StoredBulk, told: GatewayResumeState, nowMs: number): StoredBulk {
  const resumed = new Set(told.resumed)
  const waves = told.waves.map((layers, index) => {
    const applied = layers.filter((id) => resumed.has(id)).length
    const before = bulk.waves.find((wave) => wave.index === index)
    const passed = index < told.wave || told.state === 'done'
    const now = index === told.wave
    const state = passed
      ? 'passed'
      : !now
        ? 'waiting'
        : told.state === 'halted'
          ? 'failed'
          : applied < layers.length
            ? 'running'
            : 'verifying'
    return {
      index,
      size: layers.length,
      state: state as StoredBulk['waves'][number]['state'],
      applied,
      failed: 0,
      unknown: 0,
      startedMs: before?.startedMs ?? (passed || now ? nowMs : null),
      finishedMs: passed ? (before?.finishedMs ?? nowMs) : null,
      gate: null,
    }
  })
  const states = { running: 'running', done: 'done', halted: 'halted' } as const
  return { ...bulk, state: states[told.state], text: told.text, waves, list: told.waves.flat().map(target) }
}

/** Creates the service. */
export function createResumeService(options: ResumeOptions): ResumeService {
  const { book, clock, audit, gateway, stops, checks } = options

  const refuseUnready = (items: readonly ChecklistItem[]): void => {
    const failed = failedChecks(items)
    if (failed.length === 0) return
    const text = failed
      .map((item) => `${item.text}: ${item.passed === null ? 'not told' : 'no'} (${item.detail})`)
      .join('; ')
    throw new AppError('COMMAND_STATE', `the checklist does not pass: ${text}`, { path: 'confirmed' })
  }
  const stopOf = (id: string): KnownStop => {
    const stop = stops.inForce().find((known) => known.id === id)
    if (stop === undefined) throw new AppError('STATE_NOT_FOUND', 'no stop in force has this id', { path: 'stop_id' })
    return stop
  }

  const draft = (
    request: ResumeRequest,
    stop: KnownStop,
    caller: Operator,
    key: CommandKey,
    auditSeq: number,
    id: string,
  ): StoredCommand => {
    const nowMs = clock.wallMs()
    const body: ResumeBody = {
      type: 'Resume',
      stop_id: request.stop_id,
      ramp: request.ramp,
      confirmed: request.confirmed,
    }
    const list = layersOf(stop).map(target)
    const text = `resume ${list.length} layer${list.length === 1 ? '' : 's'} in waves`
    const approvalText = 'level 4 always needs a second person'
    return {
      id,
      type: 'Resume',
      state: 'AWAIT_APPROVAL',
      stages: [
        { stage: 'drafted', atMs: nowMs, by: caller.actor },
        { stage: 'validated', atMs: nowMs, by: SERVER, text: 'the checklist passes' },
        { stage: 'awaiting approval', atMs: nowMs, by: SERVER, text: approvalText },
      ],
      outcome: null,
      hash: hashValue({ ...body, reason: request.reason }),
      level: 4,
      raised: [],
      actor: caller.actor,
      session: caller.session,
      via: caller.via,
      reason: request.reason,
      runId: null,
      layerId: null,
      seedId: null,
      targetState: null,
      body: { ...body, reason: request.reason },
      text,
      createdMs: nowMs,
      updatedMs: nowMs,
      heldUntilMs: null,
      deadlineMs: null,
      graceMs: 0,
      approvals: [],
      approval: { needed: 1, expiresMs: nowMs + COMMAND_LIMITS.approvalMs, text: approvalText, from: null },
      attempts: 0,
      key: key.key,
      correlationId: id,
      parentId: null,
      children: 0,
      effect: null,
      basis: null,
      verdict: null,
      bulk: newBulk(list, hashValue(layersOf(stop))),
      auditSeq,
      inverse: { text: 'an emergency stop', target_state: null },
      timeoutMs: 60_000,
      ttlMs: 60_000,
      priority: 'high',
    }
  }

  const onState = (told: GatewayResumeState): void => {
    const command = book.get(told.id)
    if (command === null || isFinalState(command.state)) return
    if (command.bulk !== null)
      book.change(told.id, (known) => ({ ...known, bulk: toBulk(known.bulk!, told, clock.wallMs()) }))
    if (told.state === 'running')
      return void book.move(told.id, { state: 'STARTED', stage: 'started', by: 'gateway', text: told.text })
    const done = told.state === 'done'
    if (command.state === 'ISSUED') book.move(told.id, { state: 'STARTED', stage: 'started', by: 'gateway' })
    book.move(told.id, {
      state: done ? 'APPLIED' : 'FAILED',
      stage: done ? 'applied' : 'failed',
      by: 'gateway',
      text: told.text,
      outcome: { kind: done ? 'applied' : 'failed', ...(done ? {} : { code: 'COMMAND_GUARD' }), text: told.text },
    })
  }

  const ask = async (id: string): Promise<void> => {
    try {
      onState(await gateway.resumeState(id))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'STATE_NOT_FOUND') return
      const text = 'the gateway was restarted during the ramp: what was not resumed is still stopped'
      book.move(id, {
        state: 'FAILED',
        stage: 'failed',
        by: SERVER,
        text,
        outcome: { kind: 'failed', code: 'GATEWAY_UNAVAILABLE', text },
      })
    }
  }

  return {
    checklist() {
      const stop = stops.inForce().find((known) => !known.pause) ?? null
      const items = checks([])
      const layers = stop === null ? 0 : layersOf(stop).length
      return {
        at_ms: clock.wallMs(),
        stop: stop === null ? null : toMatrix(stop),
        items,
        ready: failedChecks(items).every((item) => item.by === 'person'),
        approvals_needed: 1,
        approval_ms: COMMAND_LIMITS.approvalMs,
        ramp: { ...RAMP, waves: waveSizes(layers) },
      }
    },
    async propose(request, caller, key) {
      options.rate.take(caller.actor)
      return options.idempotency.once({ actor: caller.actor, endpoint: 'resume', key, body: request }, async (kept) => {
        const stop = stopOf(request.stop_id)
        refuseUnready(checks(request.confirmed))
        const id = options.newId()
        const { seq } = await audit.append({
          actor: caller.audit,
          action: 'resume.intent',
          object: { type: 'Resume', id },
          outcome: 'intent',
          params: request,
          reason: request.reason,
          commandId: id,
          idempotencyKey: kept.key,
          correlationId: request.stop_id,
        })
        const command = draft(request, stop, caller, kept, seq, id)
        const answer = takenOf(command)
        await book.create(command, { ...kept, answer })
        options.launch().arrange(command)
        return answer
      })
    },
    async run(id) {
      const command = book.get(id)!
      const body = command.body as unknown as ResumeBody
      stopOf(body.stop_id)
      refuseUnready(checks(body.confirmed))
      if (book.move(id, { state: 'ISSUED', stage: 'issued', by: SERVER }) === null) return
      await book.durable(id)
      onState(
        await gateway.resume({
          id,
          stop_id: body.stop_id,
          issued_by: command.actor,
          approved_by: command.approvals.filter(({ decision }) => decision === 'approve').map(({ by }) => by),
          reason: command.reason,
          hold_ms: body.ramp.hold_s * 1_000,
          health_floor: body.ramp.health_floor,
        }),
      )
    },
    onGatewayResume: onState,
    onGatewayUp() {
      for (const { id, type, state } of book.open())
        if (type === 'Resume' && (state === 'ISSUED' || state === 'STARTED')) void ask(id)
    },
  }
}
