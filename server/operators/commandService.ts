/*
 * commandService: what operators do with commands: send, approve, cancel, send again, look at.
 * In: drafts and requests with who asks. Out: answers of the contract; commands under way.
 * Invariant: guard, then audited intent on the disk, then the record with its key in one transaction, then anything else; what is refused
 * leaves no record and burns no key.
 * Source: docs/commands.md; docs/protocol.md "commands over HTTP".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import { isCancellable } from '../../lib/contracts/commandStateTable.ts'
import type { ErrorCode } from '../../lib/contracts/errorCatalog.ts'
import type {
  ApproveRequest,
  CancelRequest,
  CommandList,
  CommandListQuery,
  CommandRecord,
  CommandTaken,
  RetryRequest,
} from '../../lib/contracts/httpCommands.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import { checkApproval } from './approvals.ts'
import type { ArmTokens } from './armTokens.ts'
import type { BudgetBook } from './blastBudget.ts'
import type { Operator } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import type { CommandDispatch } from './commandDispatch.ts'
import type { CommandLaunch } from './commandLaunch.ts'
import { bodyOf, commandHash, type CommandPreviewer } from './commandPreviewer.ts'
import { OPEN_STATES, type CommandKey, type CommandStore } from './commandStore.ts'
import type { ControlDesk } from './controlToken.ts'
import { draftCommand } from './draftCommand.ts'
import type { Evaluation } from './guardEngine.ts'
import type { Idempotency } from './idempotency.ts'
import type { RateLimit } from './rateLimit.ts'
import { toRecord, type StoredCommand } from './storedCommand.ts'

export interface CommandServiceOptions {
  readonly book: CommandBook
  readonly store: CommandStore
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditLog
  readonly previewer: CommandPreviewer
  readonly arms: ArmTokens
  readonly budget: BudgetBook
  readonly control: Pick<ControlDesk, 'holder'>
  readonly idempotency: Idempotency
  readonly rate: RateLimit
  readonly launch: CommandLaunch
  readonly dispatch: Pick<CommandDispatch, 'again'>
}

export interface CommandService {
  submit(draft: CommandDraft, caller: Operator, key: string | null): Promise<CommandTaken>
  approve(id: string, request: ApproveRequest, caller: Operator): Promise<CommandRecord>
  cancel(id: string, request: CancelRequest, caller: Operator): Promise<CommandRecord>
  retry(id: string, request: RetryRequest, caller: Operator): Promise<CommandRecord>
  get(id: string): Promise<CommandRecord>
  list(query: CommandListQuery): Promise<CommandList>
  openCounts(): CommandList['open']
}

export const SUBMIT = 'commands'
const UNDER_WAY: ReadonlySet<string> = new Set(['VALIDATED', 'APPROVED', 'HELD', 'ISSUED', 'DELIVERED', 'STARTED'])

/** The answer that is kept under the key. */
export function takenOf(command: StoredCommand): CommandTaken {
  return {
    id: command.id,
    state: command.state,
    level: command.level,
    held_until_ms: command.heldUntilMs,
    approvals_needed: command.approval?.needed ?? 0,
    hash: command.hash,
  }
}

/** Creates the service. */
export function createCommandService(options: CommandServiceOptions): CommandService {
  const { book, store, clock, audit, previewer, arms, control, launch } = options

  /** Places whose command is being written down. */
  const taking = new Map<string, { readonly id: string; readonly actor: string }>()
  /** What only one command at a time may be about: a seed; else exactly this command. */
  const placeOf = (draft: CommandDraft, { resolved }: Evaluation): string => {
    const one = resolved.many ? undefined : resolved.findings[0]?.target.seed
    if (one !== undefined) return `${one.layerId} ${one.seedId}`
    return draft.type === 'NoOp' ? options.newId() : commandHash(draft)
  }

  const refuseIllegal = ({ reasons }: Evaluation, draft: CommandDraft): void => {
    const first = reasons[0]
    if (first === undefined) return
    const text = reasons.map((reason) => reason.text).join('; ')
    const path = draft.type === 'LifecycleTransitionCommand' ? 'target_state' : 'layer_id'
    throw new AppError(first.code as ErrorCode, text, { path })
  }

  /** Another command on the same seed that is not over: whoever comes second sees the first. */
  const refuseRace = (draft: CommandDraft, found: Evaluation): void => {
    const { resolved } = found
    const hash = commandHash(draft)
    const one = resolved.many ? undefined : resolved.findings[0]?.target.seed
    const place = placeOf(draft, found)
    const taken = taking.get(place)
    if (taken !== undefined)
      throw new AppError('STATE_CONFLICT', `${taken.actor} sends a command on this just now (${taken.id})`, {
        path: 'seed_id',
        commandId: taken.id,
      })
    const other = book.open().find((command) => {
      if (command.state === 'AWAIT_APPROVAL') return command.hash === hash
      if (!UNDER_WAY.has(command.state)) return false
      if (command.hash === hash && draft.type !== 'NoOp') return true
      return one !== undefined && command.layerId === one.layerId && command.seedId === one.seedId
    })
    if (other === undefined) return
    const text = `${other.actor} has a command on this under way: ${other.text} (${other.id}, ${other.state})`
    throw new AppError('STATE_CONFLICT', text, { path: 'seed_id', commandId: other.id })
  }

  const checkConfirm = (draft: CommandDraft, found: Evaluation, caller: Operator): void => {
    const { demands, changing, resolved } = found
    if (demands.reason && draft.reason.trim() === '')
      throw new AppError('CONTRACT_INVALID', `level ${found.verdict.level} needs a reason`, { path: 'reason' })
    const { confirm } = draft
    if (confirm === undefined) {
      if (!demands.armed) return
      const text = `level ${found.verdict.level} is confirmed with the token of a fresh preview`
      throw new AppError('COMMAND_ARM', text, { path: 'confirm' })
    }
    arms.redeem(confirm.arm_token, {
      session: caller.session,
      hash: commandHash(draft),
      listHash: resolved.listHash,
      wanted: found.wanted,
    })
    if (demands.gesture === 'type-count' && confirm.typed_count !== changing)
      throw new AppError('COMMAND_ARM', `${changing} would change; that number is typed`, {
        path: 'confirm.typed_count',
      })
  }

  const take = async (draft: CommandDraft, caller: Operator, key: CommandKey): Promise<StoredCommand> => {
    const found = await previewer.evaluate(draft, caller)
    refuseIllegal(found, draft)
    refuseRace(draft, found)
    checkConfirm(draft, found, caller)
    const id = options.newId()
    const { seq } = await audit.append({
      actor: caller.audit,
      action: 'command.intent',
      object: { type: draft.type, id },
      outcome: 'intent',
      params: bodyOf(draft),
      reason: draft.reason,
      commandId: id,
      idempotencyKey: key.key,
      precondition: { list_hash: found.resolved.listHash, level: found.verdict.level },
      correlationId: draft.correlation_id ?? id,
    })
    const layerId = found.resolved.layers[0]?.layerId ?? ''
    const holder = control.holder()
    const command = draftCommand(draft, found, {
      id,
      key: key.key,
      caller,
      nowMs: clock.wallMs(),
      auditSeq: seq,
      approver: holder === caller.actor ? null : holder,
      touched: options.budget.touched(layerId),
    })
    // While the intent was written somebody may have been faster; while the record is written nobody may.
    refuseRace(draft, found)
    const place = placeOf(draft, found)
    taking.set(place, { id, actor: caller.actor })
    try {
      await book.create(command, { ...key, answer: takenOf(command) })
    } finally {
      taking.delete(place)
    }
    launch.arrange(command)
    return command
  }

  const known = async (id: string): Promise<StoredCommand> => {
    const command = await book.find(id)
    if (command === null) throw new AppError('STATE_NOT_FOUND', 'no command has this id', { path: 'id' })
    return command
  }
  const now = (id: string, command: StoredCommand): CommandRecord => toRecord(book.get(id) ?? command)

  const openCounts = (): CommandList['open'] => {
    const open = book.open().filter(({ parentId }) => parentId === null)
    const of = (states: readonly string[]) => open.filter(({ state }) => states.includes(state)).length
    return {
      held: of(OPEN_STATES.held),
      approvals: of(OPEN_STATES.approvals),
      running: of(OPEN_STATES.running),
      unknown: of(OPEN_STATES.unknown),
    }
  }

  return {
    async submit(draft, caller, key) {
      options.rate.take(caller.actor)
      const request = { actor: caller.actor, endpoint: SUBMIT, key, body: bodyOf(draft) }
      return options.idempotency.once(request, async (kept) => takenOf(await take(draft, caller, kept)))
    },
    async approve(id, request, caller) {
      await known(id)
      return book.inTurn(id, async () => {
        const command = await known(id)
        checkApproval(command, request, caller, clock.wallMs())
        const agreed = request.decision === 'approve'
        await audit.append({
          actor: caller.audit,
          action: agreed ? 'command.approve' : 'command.refuse',
          object: { type: command.type, id },
          outcome: 'done',
          params: { hash: request.hash },
          reason: request.note,
          commandId: id,
          correlationId: command.correlationId,
        })
        const at = new Date(clock.wallMs()).toISOString()
        const approval = {
          by: caller.actor,
          at,
          decision: request.decision,
          note: request.note,
          session: caller.session,
        }
        // Between the check and here its time may have run out, or a stop may have taken it.
        const text = request.note === '' ? '' : request.note
        const moved = agreed
          ? book.move(id, { state: 'APPROVED', stage: 'approved', by: caller.actor, text })
          : book.move(id, {
              state: 'REJECTED',
              stage: 'rejected',
              by: caller.actor,
              text: `refused by ${caller.actor}${text === '' ? '' : `: ${text}`}`,
              outcome: {
                kind: 'rejected',
                code: 'COMMAND_APPROVAL',
                text: `refused by ${caller.actor}${text === '' ? '' : `: ${text}`}`,
              },
            })
        if (moved === null)
          throw new AppError('COMMAND_STATE', `the command is ${book.get(id)?.state ?? 'gone'} by now`, { path: 'id' })
        book.change(id, (one) => ({ ...one, approvals: [...one.approvals, approval] }))
        await book.durable(id)
        if (agreed) launch.arrange(book.get(id)!)
        return now(id, command)
      })
    },
    async cancel(id, { reason }, caller) {
      const command = await known(id)
      if (!isCancellable(command.state)) {
        const text = isOver(command)
          ? `the command is over: ${command.state}`
          : `the command was sent; it can not be taken back. ${command.inverse?.text ?? 'There is no way back'}`
        throw new AppError('COMMAND_STATE', text, { path: 'id' })
      }
      const text = `taken back by ${caller.actor} before it was sent${reason === '' ? '' : `: ${reason}`}`
      const moved = book.move(id, {
        state: 'CANCELLED',
        stage: 'cancelled',
        by: caller.actor,
        text,
        outcome: { kind: 'cancelled', text },
      })
      if (moved === null) throw new AppError('COMMAND_STATE', 'the command was sent just now', { path: 'id' })
      await audit.append({
        actor: caller.audit,
        action: 'command.cancel',
        object: { type: command.type, id },
        outcome: 'done',
        reason,
        commandId: id,
        correlationId: command.correlationId,
      })
      await book.durable(id)
      return now(id, command)
    },
    async retry(id, { force, reason }, caller) {
      options.rate.take(caller.actor)
      await known(id)
      return book.inTurn(id, async () => {
        const command = await known(id)
        if (command.state !== 'UNKNOWN')
          throw new AppError('COMMAND_STATE', `only an unknown command is sent again; this one is ${command.state}`, {
            path: 'id',
          })
        if (!force)
          throw new AppError(
            'COMMAND_STATE',
            'it may have been applied and telemetry is watched; to send it again all the same, force it',
            {
              path: 'force',
            },
          )
        await audit.append({
          actor: caller.audit,
          action: 'command.retry',
          object: { type: command.type, id },
          outcome: 'intent',
          reason,
          commandId: id,
          correlationId: command.correlationId,
        })
        await options.dispatch.again(id)
        return now(id, command)
      })
    },
    get: async (id) => toRecord(await known(id)),
    async list(query) {
      const { commands, next } = await store.list(query)
      // What the disk has is at most a moment behind what is known here.
      return {
        commands: commands.map((command) => toRecord(book.get(command.id) ?? command)),
        next,
        open: openCounts(),
      }
    },
    openCounts,
  }
}

const isOver = (command: StoredCommand): boolean => toRecord(command).final
