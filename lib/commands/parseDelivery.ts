/*
 * parseDelivery: reads a control entry, and names it as well as it can even when it is garbage.
 * In: a delivery nobody has checked. Out: a command with its identity, or an identity and the refusal to publish.
 * Invariant: never throws; whatever identity is returned is fit to stand in an outcome.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import { decodeEntry } from '../bus/codec.ts'
import type { Delivery } from '../bus/messageBus.ts'
import { AppError, isAppError } from '../contracts/appError.ts'
import { Command, COMMAND_NAMES, commandKey } from '../contracts/commands.ts'
import { Label } from '../contracts/envelope.ts'
import { WireId } from '../contracts/ids.ts'
import { type CommandReply, refusal } from './commandTarget.ts'

export interface CommandIdentity {
  /** message_id of the command; for an entry without one, its place on the bus. */
  readonly commandId: string
  readonly commandType: string
  readonly seedId: number | null
  /** Deduplication key; null when the entry carries no id that could repeat. */
  readonly key: string | null
  /** Unix seconds by the issuer's clock; null when the entry could not be read. */
  readonly issuedAtS: number | null
  /** Thread of the command; null when it names none. */
  readonly correlationId: string | null
}

export type Parsed =
  | { readonly identity: CommandIdentity; readonly command: Command }
  | { readonly identity: CommandIdentity; readonly refused: CommandReply }

const QUOTED_ID = /"message_id"\s*:\s*"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"/
/** An id is looked for in this much of an entry that could not be read. */
const SEARCHED_BYTES = 16_384
const decoder = new TextDecoder()

/** Parses one entry of a control topic. */
export function parseDelivery(delivery: Delivery): Parsed {
  const commandType = WireId.safeParse(delivery.type).success ? delivery.type : 'unknown'
  try {
    const decoded = decodeEntry(delivery)
    const command = Command.safeParse(decoded.kind === 'message' ? decoded.message : null)
    if (!command.success) throw new AppError('COMMAND_UNKNOWN', `${commandType} is not a command`, { path: 'type' })
    const { message_id: commandId, message_type } = command.data
    const seed = command.data['seed_id']
    const seedId = typeof seed === 'number' ? seed : null
    const identity = {
      commandId,
      commandType: message_type,
      seedId,
      key: commandKey(command.data),
      issuedAtS: command.data.timestamp,
      correlationId: command.data.correlation_id ?? null,
    }
    return { identity, command: command.data }
  } catch (error) {
    const known = isAppError(error) ? error : new AppError('INTERNAL', 'the command could not be read', {}, error)
    const named = known.context['messageId']
    const id = typeof named === 'string' && Label.safeParse(named).success ? named : findId(delivery.data)
    const identity = {
      commandId: id ?? `entry:${delivery.cursor}`,
      commandType,
      seedId: null,
      key: id,
      issuedAtS: null,
      correlationId: null,
    }
    return { identity, refused: toRefusal(known, commandType) }
  }
}

/** An entry that can not be parsed may still show its id: its sender then gets an answer it can match. */
function findId(data: Uint8Array): string | null {
  return QUOTED_ID.exec(decoder.decode(data.subarray(0, SEARCHED_BYTES)))?.[1] ?? null
}

function toRefusal(error: AppError, commandType: string): CommandReply {
  const path = typeof error.context['path'] === 'string' ? error.context['path'] : ''
  const unknown = error.code === 'CONTRACT_TYPE' || (error.code === 'CONTRACT_TOPIC' && !COMMAND_NAMES.has(commandType))
  return { ...refusal('rejected', unknown ? 'COMMAND_UNKNOWN' : error.code, error.message), details: { path } }
}
