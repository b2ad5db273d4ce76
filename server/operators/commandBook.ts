/*
 * commandBook: the one place where a command changes: in memory at once, on the disk behind it, told to whoever listens.
 * In: commands, moves. Out: commands as they are, word of every change, the promise that something is on the disk.
 * Invariant: one command is written by one writer in order; a move that the table of states does not have changes nothing; what could
 * not be written is written again until it is, and said meanwhile.
 * Source: docs/commands.md "records".
 */
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { CommandKey, CommandStore } from './commandStore.ts'
import { addStage, moveOn, type Move, type StoredCommand } from './storedCommand.ts'
import type { CommandTaken } from '../../lib/contracts/httpCommands.ts'

export interface CommandBook {
  /** Writes it and its key; only then it exists. @throws COMMAND_BUSY, STATE_STORAGE */
  create(command: StoredCommand, key: (CommandKey & { readonly answer: CommandTaken }) | null): Promise<void>
  /** What is not over, and what ended lately. */
  get(id: string): StoredCommand | null
  /** Memory first, then the disk. */
  find(id: string): Promise<StoredCommand | null>
  open(): readonly StoredCommand[]
  /** Moves on; null when there is no such move (any more). */
  move(id: string, move: Omit<Move, 'atMs'> & { readonly atMs?: number }): StoredCommand | null
  stage(id: string, stage: Omit<Move, 'atMs' | 'state'> & { readonly atMs?: number }): void
  change(id: string, change: (command: StoredCommand) => StoredCommand): StoredCommand | null
  /** Resolves when everything said of it so far is on the disk. @throws STATE_STORAGE */
  durable(id: string): Promise<void>
  /** One piece of work per command at a time. */
  inTurn<T>(id: string, work: () => Promise<T>): Promise<T>
  /** Takes over what the disk has; nothing is told. */
  load(commands: readonly StoredCommand[]): void
  onChange(listener: (command: StoredCommand, before: StoredCommand | null) => void): () => void
  problem(): string | null
  /** Waits for what is being written. */
  stop(): Promise<void>
}

const KEPT_FINAL = 2_000
const RETRY_MS = 1_000

interface Entry {
  command: StoredCommand
  /** The newest form that is on the disk. */
  written: StoredCommand | null
  writing: Promise<void> | null
}

/** Creates the book over a store. */
export function createCommandBook({
  store,
  clock,
  onProblem,
}: {
  readonly store: CommandStore
  readonly clock: Clock
  readonly onProblem: (text: string) => void
}): CommandBook {
  const entries = new Map<string, Entry>()
  const turns = new Map<string, Promise<unknown>>()
  const listeners = new Set<(command: StoredCommand, before: StoredCommand | null) => void>()
  let problem: string | null = null
  let stopped = false

  const forgetOld = (): void => {
    if (entries.size <= KEPT_FINAL) return
    for (const [id, { command, written, writing }] of entries) {
      if (entries.size <= KEPT_FINAL) return
      if (isFinalState(command.state) && written === command && writing === null) entries.delete(id)
    }
  }

  /** Writes until the disk has the newest form. */
  const write = async (entry: Entry): Promise<void> => {
    while (entry.written !== entry.command) {
      const wanted = entry.command
      await store.save(wanted)
      entry.written = wanted
      problem = null
    }
  }
  const startWriting = (entry: Entry): Promise<void> => {
    if (entry.writing !== null) return entry.writing
    const work = write(entry).finally(() => {
      entry.writing = null
      forgetOld()
    })
    entry.writing = work
    work.catch((error: unknown) => {
      const text = `commands can not be written: ${(error as Error).message}`
      if (problem === null) onProblem(text)
      problem = text
      if (!stopped) clock.after(RETRY_MS, () => void startWriting(entry).catch(() => undefined))
    })
    return work
  }

  const put = (entry: Entry, command: StoredCommand): StoredCommand => {
    const before = entry.command
    entry.command = command
    void startWriting(entry).catch(() => undefined)
    for (const listener of listeners) listener(command, before)
    return command
  }

  const stamped = <T extends { readonly atMs?: number }>(move: T) => ({ ...move, atMs: move.atMs ?? clock.wallMs() })

  return {
    async create(command, key) {
      await store.create(command, key)
      entries.set(command.id, { command, written: command, writing: null })
      for (const listener of listeners) listener(command, null)
    },
    get: (id) => entries.get(id)?.command ?? null,
    find: async (id) => entries.get(id)?.command ?? store.get(id),
    open: () => [...entries.values()].map(({ command }) => command).filter(({ state }) => !isFinalState(state)),
    move(id, move) {
      const entry = entries.get(id)
      const next = entry === undefined ? null : moveOn(entry.command, stamped(move))
      return next === null ? null : put(entry!, next)
    },
    stage(id, stage) {
      const entry = entries.get(id)
      if (entry !== undefined) put(entry, addStage(entry.command, stamped(stage)))
    },
    change(id, change) {
      const entry = entries.get(id)
      if (entry === undefined) return null
      const next = change(entry.command)
      if (next === entry.command) return next
      return put(entry, { ...next, updatedMs: Math.max(clock.wallMs(), entry.command.updatedMs) })
    },
    async durable(id) {
      const entry = entries.get(id)
      if (entry === undefined) return
      // A write that is under way may carry an older form: wait until the newest is down.
      while (entry.written !== entry.command) await startWriting(entry)
    },
    async inTurn(id, work) {
      const before = turns.get(id) ?? Promise.resolve()
      const mine = before.then(work, work)
      const settled = mine.then(
        () => undefined,
        () => undefined,
      )
      turns.set(id, settled)
      try {
        return await mine
      } finally {
        if (turns.get(id) === settled) turns.delete(id)
      }
    },
    load(commands) {
      for (const command of commands)
        if (!entries.has(command.id)) entries.set(command.id, { command, written: command, writing: null })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    problem: () => problem,
    async stop() {
      stopped = true
      await Promise.allSettled([...entries.values()].flatMap(({ writing }) => writing ?? []))
    },
  }
}
