/*
 * commandGate: what a layer demands of a command before anybody asks what it means.
 * In: the entry as it came, the command in it, the stops and the lease as they stand. Out: who signed it, or the refusal to answer with.
 * Invariant: what is not signed by a trusted key for this destination, or comes from before a newer start, number or stop, is refused by
 * code; without a verifier nothing is verified, everything else holds.
 * Source: docs/protocol.md "commands"; docs/adr/0007-signed-commands.md.
 */
import type { BusMessage } from '../bus/messageBus.ts'
import type { Command } from '../contracts/commands.ts'
import type { LeaseState } from '../contracts/control.ts'
import { type CommandReply, refusal } from './commandTarget.ts'
import type { CommandOrder, OrderQuestion } from './commandOrder.ts'
import type { KeyScope, Verifier } from './signing.ts'
import type { StopLatch } from './stopLatch.ts'

/** Who signed; null when nothing is verified here. */
export type Signed = { readonly scope: KeyScope; readonly keyId: string } | null

export interface CommandGateOptions {
  readonly layerIds: readonly string[]
  /** Absent: nothing is verified. */
  readonly verify?: Verifier | undefined
  readonly order?: CommandOrder | undefined
  readonly latch?: StopLatch | undefined
  readonly lease?: ((layerId: string) => LeaseState) | undefined
  /** Told of each numbered command of the gateway that is in order and new. */
  readonly onHeard?: ((command: Command) => void) | undefined
}

export interface CommandGate {
  /** Looks at the signature over the bytes. */
  authenticate(
    entry: Pick<BusMessage, 'data' | 'sig' | 'key'>,
  ): { readonly signed: Signed } | { readonly refused: CommandReply }
  /** Destination and scope of the key; null when both fit. */
  admit(command: Command, streamLayer: string | null, signed: Signed): CommandReply | null
  /** Start and number of the issuer; takes its place when it passes. `redelivered`: the bus brings it again, so it may come late, once. */
  inOrder(command: Command, streamLayer: string | null, signed: Signed, redelivered: boolean): CommandReply | null
  /** Stops and lease, for one layer; null when the command may go on. */
  free(command: Command, layerId: string): CommandReply | null
}

/** Single decisions about seeds: what the controller's key may ask for. */
const CONTROLLER_TYPES: ReadonlySet<string> = new Set(['LifecycleTransitionCommand', 'BlueprintUpdateCommand'])
const CONTROLLER_ISSUER = 'controller'
/** Each has a fence of its own (stop epoch) or no effect; they overtake others on purpose, so their number proves nothing. */
const UNNUMBERED: ReadonlySet<string> = new Set(['EmergencyStopCommand', 'Resume', 'NoOp'])

/** Tells whether the command changes structure or weights. */
export function changesStructure(command: Command): boolean {
  switch (command.message_type) {
    case 'LifecycleTransitionCommand':
    case 'BlueprintUpdateCommand':
    case 'BatchCommand':
      return true
    case 'CheckpointCommand':
      return command.operation === 'restore'
    case 'EmergencyStopCommand':
    case 'Resume':
    case 'NoOp':
      return false
  }
}

/** Creates the gate of a set of layers. */
export function createCommandGate({ layerIds, verify, order, latch, lease, onHeard }: CommandGateOptions): CommandGate {
  const misdirected = (command: Command, streamLayer: string | null): string | null => {
    const asked = ('layer_id' in command ? command.layer_id : null) ?? null
    // What is signed must say where it goes: the same bytes on another stream are another command.
    if (verify && asked !== streamLayer)
      return `the command names ${asked ?? 'no layer'} and came on the stream of ${streamLayer ?? 'all layers'}`
    if (asked === null) return null
    if (streamLayer !== null && asked !== streamLayer)
      return `the command names layer ${asked} and came on the stream of ${streamLayer}`
    if (!layerIds.includes(asked)) return `layer ${asked} is not one of ours`
    return strayInBatch(command, asked)
  }

  return {
    authenticate({ data, sig, key }) {
      if (!verify) return { signed: null }
      const verdict = verify('morph-cmd-v1', data, sig, key)
      if (verdict.ok) return { signed: { scope: verdict.scope, keyId: verdict.keyId } }
      return { refused: refusal('rejected', verdict.code, verdict.text) }
    },
    admit(command, streamLayer, signed) {
      const wrongLayer = misdirected(command, streamLayer)
      if (wrongLayer) return { ...refusal('rejected', 'CONTRACT_INVALID', wrongLayer), details: { path: 'layer_id' } }
      if (signed?.scope !== 'controller') return null
      if (!CONTROLLER_TYPES.has(command.message_type))
        return refusal('rejected', 'COMMAND_SCOPE', `the controller's key does not sign ${command.message_type}`)
      if (command.issued_by !== CONTROLLER_ISSUER)
        return refusal('rejected', 'COMMAND_SCOPE', "the controller's key signs for the controller alone")
      return null
    },
    inOrder(command, streamLayer, signed, redelivered) {
      if (!order || signed === null) return null
      const { gateway_epoch: epoch, seq, message_type } = command
      const question: OrderQuestion = { keyId: signed.keyId, destination: streamLayer ?? '*', epoch, seq, redelivered }
      // A stop is a stop, from whichever start: its own epoch says whether it is over.
      if (message_type === 'EmergencyStopCommand') return null
      const isNumbered = !UNNUMBERED.has(message_type)
      const stale = isNumbered ? order.check(question) : order.checkEpoch(question)
      if (stale !== null) return refusal('rejected', 'COMMAND_STALE', stale)
      if (isNumbered) {
        order.take(question)
        if (signed.scope === 'gateway') onHeard?.(command)
      }
      return null
    },
    free(command, layerId) {
      if (!changesStructure(command)) return null
      if (latch) {
        const { stopEpoch } = latch.of(layerId)
        if (latch.isStopped(layerId))
          return refusal('rejected', 'COMMAND_STOPPED', `${layerId} is stopped since stop ${stopEpoch}`)
        if (typeof command.stop_epoch === 'number' && command.stop_epoch < stopEpoch)
          return refusal('rejected', 'COMMAND_STOPPED', `it was issued before stop ${stopEpoch}`)
      }
      const state = lease?.(layerId) ?? 'ok'
      if (state === 'ok') return null
      return refusal('rejected', 'COMMAND_LEASE', `no gateway is heard: ${layerId} is ${state}`)
    },
  }
}

function strayInBatch(command: Command, layerId: string): string | null {
  if (command.message_type !== 'BatchCommand') return null
  const stray = command.commands.findIndex((each) => each.layer_id !== layerId)
  return stray < 0 ? null : `command ${stray + 1} of the batch names another layer than ${layerId}`
}
