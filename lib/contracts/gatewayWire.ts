/*
 * The direct line between the gateway and a layer agent: JSON lines over TCP on the loopback, beside the bus.
 * In: zod. Out: the lines of both directions, and the texts both ends prove themselves with.
 * Invariant: a line is at most 64 KB; nothing but `hello` and `join` passes before both ends are proven; entries carry the very bytes and
 * signatures that travel on the bus, so whichever path is faster wins and the other is a duplicate.
 * Source: docs/protocol.md "direct line"; docs/adr/0008-gateway-process.md.
 */
import { z } from 'zod'
import { Label } from './envelope.ts'
import { LayerId, Prose, RunId, WireId } from './ids.ts'
import { Heartbeat } from './control.ts'
import { CommandOutcome } from './outcomes.ts'

export const GATEWAY_WIRE_VERSION = 1
/** Longest line, line feed included. */
export const GATEWAY_LINE_BYTES = 65_536

const Nonce = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
const Mac = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
const Base64 = z.base64().max(GATEWAY_LINE_BYTES)
const Epoch = z.int().min(0)
const Layers = z.array(LayerId).min(1).max(1_024)

/** First line of the gateway, before it knows who connected. */
const HelloLine = z.object({
  kind: z.literal('hello'),
  version: z.int().min(1),
  nonce: Nonce,
  gateway_epoch: Epoch,
})

/** The gateway proves itself: Ed25519 under `morph-hs-v1` over `gatewayProof(...)`. Entries may follow at once. */
const WelcomeLine = z.object({ kind: z.literal('welcome'), gateway_epoch: Epoch, sig: Label, key: Label })

/** The gateway closes after this line and says why. */
const RefusedLine = z.object({ kind: z.literal('refused'), code: Label, text: Prose })

/** One entry as it stands on the bus: a command or a Lease. `data` is base64 of the exact signed bytes. */
const EntryLine = z.object({
  kind: z.literal('entry'),
  entry: z.object({ type: WireId, data: Base64, sig: Label, key: Label }),
})
export type EntryLine = z.infer<typeof EntryLine>

/** What a layer agent reads. */
export const GatewayLine = z.discriminatedUnion('kind', [HelloLine, WelcomeLine, RefusedLine, EntryLine])
export type GatewayLine = z.infer<typeof GatewayLine>

/** The agent proves itself: HMAC-SHA256 (hex) of `layerProof(...)` under the shared layer secret. */
export const JoinLine = z.object({
  kind: z.literal('join'),
  version: z.int().min(1),
  agent_id: Label,
  run_id: RunId,
  layers: Layers,
  nonce: Nonce,
  mac: Mac,
})
export type JoinLine = z.infer<typeof JoinLine>

/** Stage acks and outcomes, the same messages that go to `kasmina.ack.layer.{L}`. */
const AckLine = z.object({ kind: z.literal('ack'), outcome: CommandOutcome })
/**
 * The same Heartbeat as on `kasmina.service`: at its usual pace, at once when the halt or the lease changes, and each 250 ms while anything
 * is halted: two in a row that say so are how the gateway verifies a stop, also while the bus is away.
 */
const HeartbeatLine = z.object({ kind: z.literal('heartbeat'), heartbeat: Heartbeat })

/** What the gateway reads. */
export const LayerLine = z.discriminatedUnion('kind', [JoinLine, AckLine, HeartbeatLine])
export type LayerLine = z.infer<typeof LayerLine>

interface ProofParts {
  readonly gatewayNonce: string
  readonly layerNonce: string
}

/** The text whose HMAC a layer agent sends. */
export function layerProof(parts: ProofParts & Pick<JoinLine, 'agent_id' | 'run_id' | 'layers'>): string {
  const { gatewayNonce, layerNonce, agent_id, run_id, layers } = parts
  return ['morph-hs-v1', 'layer', gatewayNonce, layerNonce, agent_id, run_id, ...layers].join('\n')
}

/** The text whose UTF-8 bytes the gateway signs under `morph-hs-v1`. */
export function gatewayProof(parts: ProofParts & { readonly gatewayEpoch: number }): string {
  return ['gateway', parts.layerNonce, parts.gatewayNonce, String(parts.gatewayEpoch)].join('\n')
}
