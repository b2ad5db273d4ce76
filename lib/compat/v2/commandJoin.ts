/*
 * commandJoin: commands of the v2 client and what became of them, although most never get an answer.
 * In: commands, results without an envelope, states seen in telemetry, the time. Out: one outcome per change of mind.
 * Invariant: silence is UNKNOWN, never failed; UNKNOWN ends when an answer or the wanted state is seen; what is final stays final.
 * Source: docs/protocol.md "the v2 client"; seed-design.md 3.3.
 */
import { AppError } from '../../contracts/appError.ts'
import type { CommandResult } from '../../contracts/outcomes.ts'
import { type ForeignTopic, toLayerId } from './foreignTopic.ts'
import type { Raw } from './liftMessage.ts'

export interface V2Command {
  readonly commandId: string
  readonly type: string
  /** Null: every layer. */
  readonly layerId: string | null
  /** Null: every seed of the layer, or the type has none. */
  readonly seedId: number | null
  /** The state that would prove it; null when no state can. */
  readonly targetState: string | null
  readonly timeoutMs: number
}

export type JoinedOutcome = 'unknown' | 'applied' | 'failed'

export interface JoinedCommand {
  readonly commandId: string
  readonly type: string
  readonly layerId: string | null
  readonly seedId: number | null
  readonly outcome: JoinedOutcome
  readonly text: string
}

export interface CommandJoin {
  /** Remembers a command; joins the answer that came before it, if one did. */
  sent(command: V2Command, atMs: number): JoinedCommand | 'new' | 'repeat'
  /**
   * Joins a result to its command by correlation id. Streams are read side by side, so an answer may come first: it is then held
   * for 2 s. @throws CONTRACT_INVALID without a correlation id
   */
  answered(result: CommandResult, topic: ForeignTopic, atMs: number): JoinedCommand | 'held' | 'repeat'
  /** Tells of a seed's state; settles what waits for exactly that. `isChange`: a transition, not a reading. */
  seen(layerId: string, seedId: number, state: string, atMs: number, isChange: boolean): readonly JoinedCommand[]
  /** Turns what waited too long into UNKNOWN, and tells answers whose command never came. */
  expire(nowMs: number): readonly JoinedCommand[]
  counts(): { readonly waiting: number; readonly unknown: number; readonly settled: number }
}

const DEFAULT_TIMEOUT_MS = 5_000
/** Longest a command is waited for: a wrong timeout must not keep it open for days. */
const MAX_TIMEOUT_MS = 600_000
const MAX_COMMANDS = 4_096
/** Answers whose command was not seen yet. */
const MAX_HELD = 1_024
const HOLD_MS = 2_000

const text = (value: unknown, max: number): string | null =>
  typeof value === 'string' && value !== '' ? value.slice(0, max) : null

/** Reads what joining needs; the rest of a foreign command is its receiver's business. @throws CONTRACT_INVALID */
export function readCommand(type: string, raw: Raw, topic: ForeignTopic): V2Command {
  const commandId = text(raw['message_id'], 128)
  if (commandId === null)
    throw new AppError('CONTRACT_INVALID', `${type} message_id: a command without an id can not be followed`, {
      path: 'message_id',
      type,
    })
  const seed = raw['seed_id']
  const timeout = raw['timeout_ms']
  return {
    commandId,
    type,
    layerId: toLayerId(raw['layer_id']) ?? topic.layer,
    seedId: Number.isSafeInteger(seed) && (seed as number) >= 0 ? (seed as number) : null,
    targetState: text(raw['target_state'], 32)?.toUpperCase() ?? null,
    timeoutMs: Math.min(
      MAX_TIMEOUT_MS,
      typeof timeout === 'number' && timeout > 0 ? Math.round(timeout) : DEFAULT_TIMEOUT_MS,
    ),
  }
}

interface Tracked {
  readonly command: V2Command
  readonly sentMs: number
  state: 'waiting' | JoinedOutcome
}

/** Creates a join that remembers the newest 4,096 commands. */
export function createCommandJoin(): CommandJoin {
  const commands = new Map<string, Tracked>()
  const open = new Set<Tracked>()
  const held = new Map<
    string,
    { readonly result: CommandResult; readonly topic: ForeignTopic; readonly atMs: number }
  >()

  const settle = (tracked: Tracked, result: CommandResult): JoinedCommand => {
    const late = tracked.state === 'unknown' ? 'answered late; ' : ''
    const why = result.success ? `${result.execution_time_ms.toFixed(1)} ms` : (result.error ?? 'no reason given')
    return change(tracked, result.success ? 'applied' : 'failed', `${late}${why}`.slice(0, 2_000))
  }

  /** The answer still tells what it is about, when its command was sent before we looked or where we may not read. */
  const settleAlone = (
    id: string,
    { result, topic, atMs }: { result: CommandResult; topic: ForeignTopic; atMs: number },
  ) => {
    const named = result.metadata['command_type']
    const command: V2Command = {
      commandId: id,
      type: typeof named === 'string' ? named.slice(0, 64) : 'unknown',
      layerId: topic.layer,
      seedId: null,
      targetState: null,
      timeoutMs: DEFAULT_TIMEOUT_MS,
    }
    const tracked: Tracked = { command, sentMs: atMs, state: 'waiting' }
    remember(tracked)
    return settle(tracked, result)
  }

  const change = (tracked: Tracked, outcome: JoinedOutcome, why: string): JoinedCommand => {
    tracked.state = outcome
    if (outcome !== 'unknown') open.delete(tracked)
    const { commandId, type, layerId, seedId } = tracked.command
    return { commandId, type, layerId, seedId, outcome, text: why }
  }

  const remember = (tracked: Tracked): void => {
    commands.set(tracked.command.commandId, tracked)
    if (commands.size <= MAX_COMMANDS) return
    const [oldestId, oldest] = commands.entries().next().value as [string, Tracked]
    commands.delete(oldestId)
    open.delete(oldest)
  }

  const isProof = ({ command, sentMs, state }: Tracked, atMs: number, isChange: boolean): boolean =>
    command.targetState !== null && atMs >= sentMs && (isChange || state === 'unknown')

  return {
    sent(command, atMs) {
      if (commands.has(command.commandId)) return 'repeat'
      const tracked: Tracked = { command, sentMs: atMs, state: 'waiting' }
      remember(tracked)
      open.add(tracked)
      const answer = held.get(command.commandId)
      if (answer === undefined) return 'new'
      held.delete(command.commandId)
      return settle(tracked, answer.result)
    },
    answered(result, topic, atMs) {
      const id = result.correlation_id
      if (typeof id !== 'string')
        throw new AppError('CONTRACT_INVALID', 'CommandResult metadata.correlation_id: names no command', {
          path: 'metadata.correlation_id',
        })
      const tracked = commands.get(id)
      if (tracked !== undefined)
        return tracked.state === 'applied' || tracked.state === 'failed' ? 'repeat' : settle(tracked, result)
      if (held.has(id)) return 'repeat'
      if (held.size >= MAX_HELD) return settleAlone(id, { result, topic, atMs })
      held.set(id, { result, topic, atMs })
      return 'held'
    },
    seen(layerId, seedId, state, atMs, isChange) {
      if (open.size === 0) return []
      const settled: JoinedCommand[] = []
      for (const tracked of open) {
        const { command } = tracked
        if (command.targetState !== state || command.layerId !== layerId) continue
        if (command.seedId !== seedId || !isProof(tracked, atMs, isChange)) continue
        settled.push(change(tracked, 'applied', `no answer, but the seed is seen in ${state}`))
      }
      return settled
    },
    expire(nowMs) {
      const expired: JoinedCommand[] = []
      for (const tracked of open) {
        const waitedMs = nowMs - tracked.sentMs
        if (tracked.state !== 'waiting' || waitedMs < tracked.command.timeoutMs) continue
        const why = `no answer within ${tracked.command.timeoutMs} ms: it may or may not have been applied`
        expired.push(change(tracked, 'unknown', why))
      }
      for (const [id, answer] of held) {
        if (nowMs - answer.atMs < HOLD_MS) continue
        held.delete(id)
        expired.push(settleAlone(id, answer))
      }
      return expired
    },
    counts() {
      let unknown = 0
      for (const tracked of open) if (tracked.state === 'unknown') unknown++
      return { waiting: open.size - unknown, unknown, settled: commands.size - open.size }
    },
  }
}
