/*
 * entries: composes, stamps and signs what the gateway sends.
 * In: bodies of commands and leases. Out: bytes with their signature, the same for bus and direct line.
 * Invariant: what is signed is what is sent, byte for byte; stamps are the gateway's alone and win over what an order says.
 * Source: docs/adr/0007-signed-commands.md; docs/protocol.md "signatures".
 */
import type { BusMessage } from '../../lib/bus/messageBus.ts'
import type { Signer } from '../../lib/commands/signing.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { Command } from '../../lib/contracts/commands.ts'
import type { EntryLine } from '../../lib/contracts/gatewayWire.ts'
import { pathText } from '../../lib/contracts/pathText.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { createMessageWriter, encodeJson } from '../../lib/telemetry/messageWriter.ts'

export const GATEWAY_SOURCE = 'gateway'

export interface SignedEntry {
  readonly id: string
  readonly message: BusMessage
  readonly line: EntryLine
  /** The command as it was signed; null for a lease. */
  readonly command: Command | null
}

export interface Entries {
  /** @throws CONTRACT_INVALID with the path of what is wrong */
  command(body: Readonly<Record<string, unknown>>, stamps: Readonly<Record<string, unknown>>): SignedEntry
  lease(counter: number): SignedEntry
}

export interface EntriesOptions {
  readonly clock: Clock
  readonly signer: Signer
  readonly gatewayEpoch: number
  readonly newId: () => string
  /** The bus server's clock now, Unix ms, without asking for it; null when it is not known. */
  readonly busNowMs: () => number | null
}

/** How long a lease stands; layers judge by silence on their own clock. */
const LEASE_TTL_MS = 3_000

/** Creates the composer of one start of the gateway. */
export function createEntries({ clock, signer, gatewayEpoch, newId, busNowMs }: EntriesOptions): Entries {
  const writer = createMessageWriter(GATEWAY_SOURCE, clock, newId)

  const sealed = (tag: 'morph-cmd-v1' | 'morph-lease-v1', id: string, type: string, value: object) => {
    const data = encodeJson(value)
    const { sig, key } = signer.sign(tag, data)
    const message: BusMessage = { type, enc: 'json', data, sig, key }
    const entry = { type, data: Buffer.from(data).toString('base64'), sig, key }
    return { id, message, line: { kind: 'entry', entry } } as const
  }

  return {
    command(body, stamps) {
      const type = String(body['message_type'])
      const id = String(stamps['message_id'])
      const head = { timestamp: clock.wallMs() / 1_000, source: GATEWAY_SOURCE, version: '2.0', message_type: type }
      const issuedBusMs = busNowMs()
      // A stop goes out undated rather than late: layers do not ask it for its age.
      const dated = issuedBusMs === null ? {} : { issued_bus_ms: Math.floor(issuedBusMs) }
      const whole = { ...body, ...head, gateway_epoch: gatewayEpoch, ...dated, ...stamps }
      const parsed = Command.safeParse(whole)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        const path = pathText(issue?.path ?? [])
        throw new AppError('CONTRACT_INVALID', `${type} ${path}: ${issue?.message ?? 'invalid'}`, { path })
      }
      return { ...sealed('morph-cmd-v1', id, type, whole), command: parsed.data }
    },
    lease(counter) {
      const message = writer.compose('Lease', {
        resource_id: 'layers',
        holder_id: GATEWAY_SOURCE,
        epoch: gatewayEpoch,
        ttl_ms: LEASE_TTL_MS,
        state: counter === 1 ? 'granted' : 'renewed',
        gateway_epoch: gatewayEpoch,
        counter,
      })
      return { ...sealed('morph-lease-v1', message.message_id, 'Lease', message), command: null }
    },
  }
}
