/*
 * bulkRuns: one command to many seeds, in waves: one, a twentieth, the rest; each wave must hold before the next begins.
 * In: a taken run over many, pause, resume, stop. Out: child commands with ids of their own, waves with their gates, one end.
 * Invariant: the list is the confirmed one; a seed that left it is skipped and counted; more than 5 % of that asks again; a run that was
 * interrupted never goes on by itself.
 * Source: docs/commands.md "waves"; docs/ux.md "bulk".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { CommandState } from '../../lib/contracts/commandStates.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { BulkRequest } from '../../lib/contracts/httpCommands.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import { childOf } from './bulkChild.ts'
import { SERVER, type Operator } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import type { CommandStore } from './commandStore.ts'
import { judgeTarget } from './commandTargets.ts'
import type { LayerView, NetworkView } from './networkView.ts'
import {
  BULK_ACTIONS,
  type FrozenTarget,
  type StoredBulk,
  type StoredCommand,
  type StoredWave,
} from './storedCommand.ts'
import { driftOf, isDrifted, judgeWave } from './waveGate.ts'

export interface BulkRuns {
  /** Carries a run out, as far as its gates let it. */
  run(id: string): Promise<void>
  /** @throws COMMAND_STATE, COMMAND_ARM, STATE_STORAGE */
  act(id: string, request: BulkRequest, caller: Operator): Promise<void>
  /** A stop ends every run in its scope. */
  stopAll(inScope: (layerId: string) => boolean, by: string, text: string): readonly StoredCommand[]
  adopt(commands: readonly StoredCommand[]): Promise<void>
  stop(): void
}

interface Child {
  readonly id: string
  readonly state: CommandState
}

export interface BulkOptions {
  readonly book: CommandBook
  readonly store: CommandStore
  readonly clock: Clock
  readonly network: NetworkView
  readonly audit: AuditLog
  readonly newId: () => string
  /** Sends one child and follows it. */
  readonly issue: (id: string) => Promise<void>
}

const LANES = 16
const KEPT_RUNS = 64
const POLL_MS = 100
/** A wave whose commands are unknown is not waited for longer than telemetry needs to settle them. */
const WAVE_MS = 90_000
const VERIFY_TICKS = 2
const VERIFY_MS = 10_000
const DONE = new Set(['APPLIED', 'APPLIED_LATE', 'DUPLICATE'])

/** Creates the runner. */
export function createBulkRuns(options: BulkOptions): BulkRuns {
  const { book, store, clock, network, audit } = options
  /** Which target has which child, and where that is; the book itself forgets what ended. */
  const children = new Map<string, Map<string, Child>>()
  const running = new Set<string>()
  /** Runs whose failed children are sent again as new commands. */
  const retrying = new Set<string>()

  const keyOf = ({ layerId, seedId }: FrozenTarget): string => `${layerId} ${seedId}`
  const childrenOf = (id: string): Map<string, Child> => {
    const known = children.get(id) ?? new Map<string, Child>()
    children.set(id, known)
    return known
  }
  const note = (command: StoredCommand): void => {
    if (command.parentId === null) return
    childrenOf(command.parentId).set(placeOf(command), { id: command.id, state: command.state })
    // A run that was ended still learns what became of what it had sent.
    if (isFinalState(command.state) && !running.has(command.parentId)) recount(command.parentId)
  }
  const undoChange = book.onChange((command) => {
    note(command)
    if (command.bulk === null || !isFinalState(command.state) || children.size <= KEPT_RUNS) return
    for (const id of children.keys())
      if (!running.has(id) && id !== command.id && children.size > KEPT_RUNS) children.delete(id)
  })
  const bulkOf = (id: string): StoredBulk | null => book.get(id)?.bulk ?? null
  const setBulk = (id: string, change: Partial<StoredBulk>): void =>
    void book.change(id, (command) =>
      command.bulk === null ? command : { ...command, bulk: { ...command.bulk, ...change } },
    )
  const setWave = (id: string, index: number, change: Partial<StoredWave>): void => {
    const bulk = bulkOf(id)
    if (bulk !== null)
      setBulk(id, { waves: bulk.waves.map((wave) => (wave.index === index ? { ...wave, ...change } : wave)) })
  }
  const sliceOf = (bulk: StoredBulk, index: number): readonly FrozenTarget[] => {
    const from = bulk.waves.slice(0, index).reduce((sum, wave) => sum + wave.size, 0)
    return bulk.list.slice(from, from + bulk.waves[index]!.size)
  }

  const viewsOf = (command: StoredCommand, targets: readonly FrozenTarget[]): Map<string, LayerView> =>
    new Map(
      [...new Set(targets.map(({ layerId }) => layerId))].map((id) => [
        id,
        network.layer(id, command.runId ?? undefined),
      ]),
    )

  /** Tells whether a confirmed seed is still what it was. */
  const stillThere = (command: StoredCommand, views: ReadonlyMap<string, LayerView>, target: FrozenTarget): boolean => {
    const seed = views.get(target.layerId)!.seed(target.seedId)
    if (seed.state !== target.state) return false
    if (target.generation !== null && seed.generation !== null && seed.generation !== target.generation) return false
    const body = command.body as { readonly blueprint_id?: string; readonly force?: boolean }
    const wanted = { seed, targetState: command.targetState, blueprintId: body.blueprint_id ?? null }
    return judgeTarget(wanted, body.force === true).kind === 'changes'
  }
  const meanHealth = (views: ReadonlyMap<string, LayerView>): number | null => {
    const values = [...views.values()].flatMap((view) => view.mean('health_score').value ?? [])
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
  }

  const count = (id: string, targets: readonly FrozenTarget[]) => {
    const ids = childrenOf(id)
    const states = targets.flatMap((target) => ids.get(keyOf(target))?.state ?? [])
    const applied = states.filter((state) => DONE.has(state)).length
    const unknown = states.filter((state) => state === 'UNKNOWN').length
    const over = states.filter((state) => isFinalState(state)).length
    return { sent: states.length, applied, unknown, failed: over - applied, open: states.length - over }
  }
  const recount = (id: string): void => {
    const bulk = bulkOf(id)
    if (bulk === null || !children.has(id)) return
    const waves = bulk.waves.map((wave) => {
      const { applied, failed, unknown } = count(id, sliceOf(bulk, wave.index))
      return { ...wave, applied, failed, unknown }
    })
    setBulk(id, { waves })
  }

  const sendWave = async (id: string, index: number): Promise<number> => {
    const command = book.get(id)!
    const targets = sliceOf(command.bulk!, index)
    const views = viewsOf(command, targets)
    const ids = childrenOf(id)
    const wanted = targets.filter((target) => {
      const child = ids.get(keyOf(target))
      return child === undefined || (retrying.has(id) && isFinalState(child.state) && !DONE.has(child.state))
    })
    const there = wanted.filter((target) => stillThere(command, views, target))
    setBulk(id, { skipped: command.bulk!.skipped + (wanted.length - there.length) })
    const queue = [...there]
    const lane = async (): Promise<void> => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
        if (bulkOf(id)?.state !== 'running') return
        const child = childOf(command, target, options.newId(), clock.wallMs())
        await book.create(child, null)
        book.change(id, (parent) => ({ ...parent, children: ids.size }))
        await options.issue(child.id)
      }
    }
    await Promise.all(Array.from({ length: Math.min(LANES, queue.length) }, lane))
    return there.length
  }

  /** Waits until every child of the wave has its end, or telemetry had its time to settle the unknown. */
  const settleWave = async (id: string, index: number): Promise<void> => {
    const untilMs = clock.monotonicMs() + WAVE_MS
    for (;;) {
      recount(id)
      const bulk = bulkOf(id)
      if (bulk === null || count(id, sliceOf(bulk, index)).open === 0 || clock.monotonicMs() >= untilMs) return
      await clock.sleep(POLL_MS)
    }
  }

  /** Health is read from frames that are younger than the wave. */
  const freshHealth = async (command: StoredCommand, targets: readonly FrozenTarget[]): Promise<number | null> => {
    const first = viewsOf(command, targets)
    const untilMs = clock.monotonicMs() + VERIFY_MS
    for (;;) {
      const views = viewsOf(command, targets)
      const newer = [...views].every(([layerId, view]) => {
        const before = first.get(layerId)?.tick ?? null
        return before !== null && view.tick !== null && view.tick >= before + VERIFY_TICKS
      })
      if (newer) return meanHealth(views)
      if (clock.monotonicMs() >= untilMs) return null
      await clock.sleep(POLL_MS)
    }
  }

  /** One wave from its first look to its gate; false when the run must not go on. */
  const playWave = async (id: string, index: number): Promise<boolean> => {
    const command = book.get(id)!
    const targets = sliceOf(command.bulk!, index)
    const before = command.bulk!.waves[index]!.gate?.health_before ?? meanHealth(viewsOf(command, targets))
    setWave(id, index, { state: 'running', startedMs: clock.wallMs() })
    const sent = await sendWave(id, index)
    await settleWave(id, index)
    if (bulkOf(id)?.state !== 'running') return false
    setWave(id, index, { state: 'verifying' })
    const healthNow = sent === 0 ? null : await freshHealth(command, targets)
    const { failed, unknown, sent: had } = count(id, targets)
    const gate = judgeWave({ sent: had, failed, unknown, healthBefore: before, healthNow })
    setWave(id, index, { state: gate.passed ? 'passed' : 'failed', gate, finishedMs: clock.wallMs() })
    if (!gate.passed && bulkOf(id)?.state === 'running')
      setBulk(id, { state: 'halted', text: `wave ${index + 1} did not hold: ${gate.text}` })
    return bulkOf(id)?.state === 'running'
  }

  const finish = (id: string): void => {
    recount(id)
    const bulk = bulkOf(id)
    if (bulk === null) return
    const sum = (of: (wave: StoredWave) => number) => bulk.waves.reduce((total, wave) => total + of(wave), 0)
    const applied = sum((wave) => wave.applied)
    const bad = sum((wave) => wave.failed + wave.unknown)
    const skipped = bulk.skipped === 0 ? '' : `, ${bulk.skipped} had left the set`
    const text = `${applied} of ${bulk.list.length} applied${bad === 0 ? '' : `, ${bad} without success`}${skipped}`
    setBulk(id, { state: 'done', text })
    const all = bad === 0
    book.move(id, {
      state: all ? 'APPLIED' : 'FAILED',
      stage: all ? 'applied' : 'failed',
      by: SERVER,
      text,
      outcome: { kind: all ? 'applied' : 'failed', text },
    })
  }

  /** More seeds left the set than a confirmation bears: ask again. */
  const drifted = (id: string): boolean => {
    const command = book.get(id)!
    const { waves, list } = command.bulk!
    const done = waves.filter((wave) => wave.state === 'passed').reduce((sum, wave) => sum + wave.size, 0)
    const rest = list.slice(done)
    const ids = childrenOf(id)
    const views = viewsOf(command, rest)
    const left = rest.filter((target) => !ids.has(keyOf(target)) && !stillThere(command, views, target)).length
    const drift = driftOf(left, rest.length)
    setBulk(id, { drift })
    if (!isDrifted(drift)) return false
    const text = `${left} of ${rest.length} seeds are not what was confirmed: confirm the rest, or stop`
    setBulk(id, { state: 'reask', text })
    return true
  }

  const play = async (id: string): Promise<void> => {
    if (running.has(id)) return
    running.add(id)
    try {
      for (let bulk = bulkOf(id); bulk?.state === 'running'; bulk = bulkOf(id)) {
        const wave = bulk.waves.find(({ state }) => state !== 'passed')
        if (wave === undefined) return finish(id)
        if (drifted(id) || !(await playWave(id, wave.index))) return
      }
    } catch (error) {
      if (bulkOf(id)?.state === 'running')
        setBulk(id, { state: 'halted', text: error instanceof Error ? error.message : 'it could not go on' })
    } finally {
      running.delete(id)
      retrying.delete(id)
      recount(id)
    }
  }

  const end = (id: string, by: string, text: string): StoredCommand | null => {
    const bulk = bulkOf(id)
    if (bulk === null) return null
    setBulk(id, {
      state: 'stopped',
      text,
      waves: bulk.waves.map((wave) => (wave.state === 'passed' ? wave : { ...wave, state: 'stopped' })),
    })
    return book.move(id, { state: 'CANCELLED', stage: 'cancelled', by, text, outcome: { kind: 'cancelled', text } })
  }
  const goOn = (id: string, text: string, change: Partial<StoredBulk> = {}): void => {
    setBulk(id, { ...change, state: 'running', text })
    void play(id)
  }

  const perform = async (command: StoredCommand, bulk: StoredBulk, request: BulkRequest, by: string): Promise<void> => {
    const { id } = command
    const reason = request.reason === '' ? '' : `: ${request.reason}`
    switch (request.action) {
      case 'pause':
        return setBulk(id, { state: 'paused', text: `paused by ${by}${reason}` })
      case 'stop':
        return void end(id, by, `stopped by ${by}${reason}`)
      case 'resume': {
        // A wave whose gate said no is let through by a person, with a reason; its gate stays told.
        const waves = bulk.waves.map((wave) => (wave.state === 'failed' ? { ...wave, state: 'passed' as const } : wave))
        return goOn(id, `resumed by ${by}${reason}`, { waves })
      }
      case 'reconfirm': {
        const views = viewsOf(command, bulk.list)
        const ids = childrenOf(id)
        const done = bulk.list.filter((target) => ids.has(keyOf(target)))
        const rest = bulk.list.filter((target) => !ids.has(keyOf(target)) && stillThere(command, views, target))
        if (request.typed_count !== rest.length)
          throw new AppError('COMMAND_ARM', `${rest.length} seeds are left; that number is typed`, {
            path: 'typed_count',
          })
        return goOn(id, `confirmed again by ${by} for ${rest.length}`, {
          list: [...done, ...rest],
          waves: resize(bulk, done.length, rest.length),
        })
      }
      case 'retry-failed':
        retrying.add(id)
        return goOn(id, `failed ones again, by ${by}${reason}`, {
          waves: bulk.waves.map((wave) => (wave.failed > 0 ? { ...wave, state: 'waiting' as const } : wave)),
        })
    }
  }

  return {
    async run(id) {
      if (book.move(id, { state: 'ISSUED', stage: 'issued', by: SERVER, text: 'waves begin' }) === null) return
      book.move(id, { state: 'STARTED', stage: 'started', by: SERVER })
      await book.durable(id)
      setBulk(id, { state: 'running', text: '' })
      await play(id)
    },
    async act(id, request, caller) {
      return book.inTurn(id, async () => {
        const command = await book.find(id)
        const bulk = command?.bulk
        if (command === null || bulk == null || command.type === 'Resume')
          throw new AppError('COMMAND_STATE', 'this command is no run over many', { path: 'id' })
        if (isFinalState(command.state))
          throw new AppError('COMMAND_STATE', `the run is over: ${command.state}`, { path: 'id' })
        const allowed = BULK_ACTIONS[bulk.state]
        if (!allowed.includes(request.action))
          throw new AppError(
            'COMMAND_STATE',
            `a run that is ${bulk.state} can not ${request.action}; it can ${allowed.join(', ') || 'nothing'}`,
            {
              path: 'action',
            },
          )
        if (bulk.state === 'halted' && request.action === 'resume' && request.reason.trim() === '')
          throw new AppError('CONTRACT_INVALID', 'going on although a wave did not hold needs a reason', {
            path: 'reason',
          })
        await audit.append({
          actor: caller.audit,
          action: `bulk.${request.action}`,
          object: { type: command.type, id },
          outcome: 'intent',
          reason: request.reason,
          commandId: id,
          correlationId: command.correlationId,
        })
        await perform(command, bulk, request, caller.actor)
        await book.durable(id)
      })
    },
    stopAll(inScope, by, text) {
      return book.open().flatMap((command) => {
        const touches = command.bulk?.list.some(({ layerId }) => inScope(layerId)) === true
        return touches && command.type !== 'Resume' && command.state === 'STARTED'
          ? (end(command.id, by, text) ?? [])
          : []
      })
    },
    async adopt(commands) {
      for (const command of commands) {
        if (command.bulk === null || command.type === 'Resume' || command.state === 'AWAIT_APPROVAL') continue
        const known = await store.children(command.id)
        book.load(known)
        for (const child of known) note(child)
        if (command.bulk.state === 'running' || command.bulk.state === 'waiting') {
          const text = 'the server was restarted: look, then resume or stop'
          setBulk(command.id, { state: 'paused', text })
        }
        recount(command.id)
      }
    },
    stop: undoChange,
  }
}

const placeOf = ({ layerId, seedId }: StoredCommand): string => `${layerId ?? ''} ${seedId ?? ''}`

/** The waves of a set that shrank: what is done stays, the rest keeps its shape as far as it reaches. */
function resize(bulk: StoredBulk, done: number, rest: number): StoredWave[] {
  let left = done + rest
  return bulk.waves.flatMap((wave) => {
    const size = Math.min(wave.size, left)
    left -= size
    return size === 0 ? [] : [{ ...wave, size }]
  })
}
