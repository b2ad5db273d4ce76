/*
 * handlerThread: a layer's command handler in a thread that may be killed or held at any moment.
 * In: workerData (Redis, keys, file of what is kept, a port to the place of effect). Out: outcomes on the bus.
 * Invariant: nothing of it survives its end but what it wrote to the bus and to its file.
 * Source: docs/protocol.md "commands".
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { createTrainerLink } from '../../lib/agents/trainerLink.ts'
import type { PortLike } from '../../lib/agents/trainerProtocol.ts'
import { createTrainerTarget } from '../../lib/agents/trainerTarget.ts'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { createCommandGate } from '../../lib/commands/commandGate.ts'
import { createCommandOrder } from '../../lib/commands/commandOrder.ts'
import { createCommandHandler } from '../../lib/commands/handler.ts'
import { createVerifier, type TrustedKey } from '../../lib/commands/signing.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createOutbox } from '../../lib/telemetry/outbox.ts'
import { openLatchFile } from '../../server/workers/layerGuard.ts'

export interface HandlerThreadData {
  readonly url: string
  readonly layerId: string
  readonly trusted: readonly TrustedKey[]
  readonly dataDir: string
  readonly port: MessagePort
}

const KEEP_MS = 100
const CLAIM_MS = 300

const { url, layerId, trusted, dataDir, port } = workerData as HandlerThreadData
const bus = createRedisBus({ url, clock, name: 'chaos-layer', claimIdleMs: CLAIM_MS })
await bus.start()
const store = openLatchFile(dataDir)
const order = createCommandOrder(store.load()?.order ?? {})
clock.every(KEEP_MS, () => store.save({ layers: {}, order: order.kept() }, false))
const { link } = createTrainerLink(port as unknown as PortLike)
const handler = createCommandHandler({
  bus,
  clock,
  outbox: createOutbox({ bus, clock, src: 'chaos-layer', epoch: Math.floor(clock.wallMs()) }),
  source: 'chaos-layer',
  layerIds: [layerId],
  target: createTrainerTarget({ trainer: link, layerIds: [layerId], brake: null }),
  gate: createCommandGate({ layerIds: [layerId], verify: createVerifier(trusted), order }),
})
await handler.start()
// Held: the whole thread stands still, as a process does that is not scheduled.
parentPort?.on('message', (heldMs: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, heldMs)
})
parentPort?.postMessage('started')
