/*
 * alteredCommands: signed commands, each spoilt in one way, to a handler that verifies.
 * In: how many, a seed. Out: how many had an effect, were refused, were not answered.
 * Invariant: every one was valid before it was spoilt; the same seed spoils the same way.
 * Source: docs/protocol.md "signatures".
 */
import { createRng } from '../../lib/training/rng.ts'
import { json } from '../support/commandBench.ts'
import { createGuardedBench } from '../support/guardedBench.ts'
import { createManualClock } from '../support/manualClock.ts'

export interface AlteredReport {
  readonly commands: number
  readonly accepted: number
  readonly refused: number
  readonly unanswered: number
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const KINDS = ['bit', 'base64', 'duplicate', 'layer', 'epoch', 'unsigned', 'key', 'tag', 'type', 'enc'] as const
const OTHER_TYPES = ['BlueprintUpdateCommand', 'NoOp', 'BatchCommand', 'CheckpointCommand', 'Resume'] as const
const ROUND = 1_000

/** Runs the scenario on a bus in memory. */
export async function runAltered({ commands, seed }: { commands: number; seed: number }): Promise<AlteredReport> {
  const rng = createRng(seed)
  const clock = createManualClock()
  const bench = await createGuardedBench({ clock })
  const { handler } = bench.create()
  await handler.start()
  await bench.send(bench.compose({ gateway_epoch: 5 }))
  await clock.advance(5)

  const resign = (text: string) => {
    const data = json(text)
    return { data, ...bench.gateway.sign('morph-cmd-v1', data) }
  }
  const spoil = (kind: (typeof KINDS)[number]) => {
    const text = JSON.stringify(bench.compose({ gateway_epoch: 5 }))
    const entry = bench.sign(JSON.parse(text) as Record<string, unknown>)
    const { type, enc, data } = entry
    switch (kind) {
      case 'bit': {
        const changed = data.slice()
        changed[rng.int(changed.length)]! ^= 1 << rng.int(8)
        return { ...entry, data: changed }
      }
      case 'base64': {
        // The character before the padding: four of its bits decode to nothing.
        const last = ALPHABET.indexOf(entry.sig.at(-3) ?? '')
        const other = ALPHABET[(last & 0x30) | ((last + 1 + rng.int(15)) & 0x0f)] ?? ''
        return { ...entry, sig: `${entry.sig.slice(0, -3)}${other}==` }
      }
      case 'duplicate':
        return { type, enc, ...resign(`{"seed_id":${rng.int(9)},${text.slice(1)}`) }
      case 'layer':
        return { type, enc, ...resign(text.replace('"layer_id":"layer_0"', '"layer_id":"layer_1"')) }
      case 'epoch':
        return { type, enc, ...resign(text.replace('"gateway_epoch":5', `"gateway_epoch":${rng.int(5)}`)) }
      case 'unsigned':
        return { type, enc, data }
      case 'key':
        return { ...entry, key: rng.next() < 0.5 ? bench.controller.keyId : bench.stranger.keyId }
      case 'tag':
        return { type, enc, data, ...bench.gateway.sign(rng.next() < 0.5 ? 'morph-lease-v1' : 'morph-hs-v1', data) }
      case 'type':
        return { ...entry, type: OTHER_TYPES[rng.int(OTHER_TYPES.length)]! }
      case 'enc':
        return { ...entry, enc: 'json+zlib' as const }
    }
  }

  for (let sent = 0; sent < commands; sent++) {
    await bench.bus.publish('kasmina.control.layer.layer_0', spoil(KINDS[rng.int(KINDS.length)]!))
    if (sent % ROUND === 0) await clock.advance(5)
  }
  await clock.advance(50)
  await handler.stop(100)
  // One effect and one answer are those of the command that was left as it was.
  const refused = bench.counted.filter(({ kind }) => kind === 'rejected').length
  const accepted = bench.effects.length - 1 + bench.brakes.length
  return { commands, accepted, refused, unanswered: commands + 1 - bench.counted.length }
}
