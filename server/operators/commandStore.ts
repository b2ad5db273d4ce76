/*
 * commandStore: commands on the disk: written before anything is sent, found again after a restart, listed by what people ask for.
 * In: the records database. Out: stored commands, lists with cursors, idempotency keys.
 * Invariant: a command and its idempotency key are written in one transaction; a key is never burnt by a failure before it; what is
 * answered is on the disk.
 * Source: docs/commands.md "records"; docs/adr/0009-records-database.md.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { CommandListQuery, CommandTaken } from '../../lib/contracts/httpCommands.ts'
import type { CommandState } from '../../lib/contracts/commandStates.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { isUniqueViolation } from '../stores/recordsError.ts'
import type { CommandRow } from '../stores/recordsSchema.ts'
import type { StoredCommand } from './storedCommand.ts'

export interface KeyedAnswer {
  readonly bodyHash: string
  readonly answer: CommandTaken
}

export interface CommandKey {
  readonly actor: string
  readonly endpoint: string
  readonly key: string
  readonly bodyHash: string
}

export interface CommandStore {
  /** @throws COMMAND_BUSY when the key was written meanwhile, STATE_STORAGE */
  create(command: StoredCommand, key: (CommandKey & { readonly answer: CommandTaken }) | null): Promise<void>
  save(command: StoredCommand): Promise<void>
  get(id: string): Promise<StoredCommand | null>
  keyed(key: Omit<CommandKey, 'bodyHash'>): Promise<KeyedAnswer | null>
  list(query: CommandListQuery): Promise<{ readonly commands: readonly StoredCommand[]; readonly next: string | null }>
  /** Everything that is not over, oldest first. */
  open(): Promise<readonly StoredCommand[]>
  children(parentId: string): Promise<readonly StoredCommand[]>
  /** Ended commands of a kind, newest first: what precedent is told from. */
  similar(kind: SimilarKind, limit: number): Promise<readonly StoredCommand[]>
  /** Commands sent to seeds since then, for the blast budget. */
  since(ms: number): Promise<readonly StoredCommand[]>
  /** Commands that were applied and whose effect was still to be graded. */
  ungraded(sinceMs: number): Promise<readonly StoredCommand[]>
  /** Lets go of keys that are older than their promise. */
  forgetKeys(beforeMs: number): Promise<void>
}

export interface SimilarKind {
  readonly type: string
  readonly targetState: string | null
  readonly sinceMs: number
}

export const OPEN_STATES: Readonly<Record<'held' | 'approvals' | 'running' | 'unknown', readonly CommandState[]>> =
  Object.freeze({
    held: ['HELD'],
    approvals: ['AWAIT_APPROVAL'],
    running: ['VALIDATED', 'APPROVED', 'ISSUED', 'DELIVERED', 'STARTED'],
    unknown: ['UNKNOWN'],
  })

const DEFAULT_LIMIT = 100
/** How an effect that was said stands in a record; a text may hold it too, so what is found is looked at. */
const WITH_EFFECT = '%"effect":{%'

const toRow = (command: StoredCommand): CommandRow => ({
  id: command.id,
  created_ms: Math.round(command.createdMs),
  updated_ms: Math.round(command.updatedMs),
  type: command.type,
  state: command.state,
  final: isFinalState(command.state) ? 1 : 0,
  actor: command.actor,
  run_id: command.runId,
  layer_id: command.layerId,
  seed_id: command.seedId,
  target_state: command.targetState,
  parent_id: command.parentId,
  record: JSON.stringify(command),
})

const fromRow = ({ record }: Pick<CommandRow, 'record'>): StoredCommand => JSON.parse(record) as StoredCommand

function readCursor(cursor: string): { readonly ms: number; readonly id: string } {
  const match = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor)
  if (match === null) throw new AppError('CONTRACT_INVALID', 'this cursor was not made here', { path: 'cursor' })
  return { ms: Number(match[1]), id: match[2]! }
}

/** Creates the store over an open database. */
export function createCommandStore({ db }: Records): CommandStore {
  const rows = () => db.selectFrom('commands').select('record')

  return {
    async create(command, key) {
      try {
        await db.transaction().execute(async (inside) => {
          await inside.insertInto('commands').values(toRow(command)).execute()
          if (key === null) return
          const { actor, endpoint, key: name, bodyHash, answer } = key
          await inside
            .insertInto('command_keys')
            .values({
              actor,
              endpoint,
              key: name,
              body_hash: bodyHash,
              command_id: command.id,
              created_ms: Math.round(command.createdMs),
              answer: JSON.stringify(answer),
            })
            .execute()
        })
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        throw new AppError(
          'COMMAND_BUSY',
          'another request with this key was faster',
          { path: 'Idempotency-Key' },
          error,
        )
      }
    },
    async save(command) {
      const { id, ...rest } = toRow(command)
      await db.updateTable('commands').set(rest).where('id', '=', id).execute()
    },
    async get(id) {
      const row = await rows().where('id', '=', id).executeTakeFirst()
      return row === undefined ? null : fromRow(row)
    },
    async keyed({ actor, endpoint, key }) {
      const row = await db
        .selectFrom('command_keys')
        .select(['body_hash', 'answer'])
        .where('actor', '=', actor)
        .where('endpoint', '=', endpoint)
        .where('key', '=', key)
        .executeTakeFirst()
      return row === undefined ? null : { bodyHash: row.body_hash, answer: JSON.parse(row.answer) as CommandTaken }
    },
    async list(query) {
      const limit = query.limit ?? DEFAULT_LIMIT
      let asked = rows()
        .select(['id', 'created_ms'])
        .orderBy('created_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
      const { state } = query
      if (state === 'open') asked = asked.where('final', '=', 0)
      else if (state === 'final') asked = asked.where('final', '=', 1)
      else if (state === 'held' || state === 'approvals' || state === 'running' || state === 'unknown')
        asked = asked.where('state', 'in', [...OPEN_STATES[state]])
      else if (state !== undefined) asked = asked.where('state', '=', state)
      if (query.layer !== undefined) asked = asked.where('layer_id', '=', query.layer)
      if (query.seed !== undefined) asked = asked.where('seed_id', '=', query.seed)
      if (query.actor !== undefined) asked = asked.where('actor', '=', query.actor)
      if (query.type !== undefined) asked = asked.where('type', '=', query.type)
      if (query.run !== undefined) asked = asked.where('run_id', '=', query.run)
      if (query.parent !== undefined) asked = asked.where('parent_id', '=', query.parent)
      // Children are told under their parent; one seed's history shows them too.
      else if (query.seed === undefined) asked = asked.where('parent_id', 'is', null)
      if (query.cursor !== undefined) {
        const { ms, id } = readCursor(query.cursor)
        asked = asked.where((of) =>
          of.or([of('created_ms', '<', ms), of.and([of('created_ms', '=', ms), of('id', '<', id)])]),
        )
      }
      const found = await asked.execute()
      const page = found.slice(0, limit)
      const last = page.at(-1)
      const more = found.length > limit && last !== undefined
      return { commands: page.map(fromRow), next: more ? `${last.created_ms}.${last.id}` : null }
    },
    async open() {
      return (await rows().where('final', '=', 0).orderBy('created_ms').execute()).map(fromRow)
    },
    async children(parentId) {
      const found = await rows().where('parent_id', '=', parentId).orderBy('created_ms').orderBy('id').execute()
      return found.map(fromRow)
    },
    async similar({ type, targetState, sinceMs }, limit) {
      let asked = rows()
        .where('type', '=', type)
        .where('final', '=', 1)
        .where('created_ms', '>=', Math.round(sinceMs))
        .orderBy('created_ms', 'desc')
        .limit(limit)
      asked = targetState === null ? asked : asked.where('target_state', '=', targetState)
      return (await asked.execute()).map(fromRow)
    },
    async since(ms) {
      const found = await rows().where('created_ms', '>=', Math.round(ms)).where('seed_id', 'is not', null).execute()
      return found.map(fromRow)
    },
    async ungraded(sinceMs) {
      const found = await rows()
        .where('state', 'in', ['APPLIED', 'APPLIED_LATE'])
        .where('created_ms', '>=', Math.round(sinceMs))
        .where('record', 'like', WITH_EFFECT)
        .orderBy('created_ms')
        .execute()
      return found
        .map(fromRow)
        .filter(({ effect, verdict }) => effect !== null && (verdict === null || verdict.grade === 'too early'))
    },
    async forgetKeys(beforeMs) {
      await db.deleteFrom('command_keys').where('created_ms', '<', Math.round(beforeMs)).execute()
    },
  }
}
