/*
 * handlerThread: a layer's command handler in a thread that may be killed or held at any moment.
 * In: workerData (Redis, keys, folder of what is kept, a port to the place of effect), then the layer to handle. Out: outcomes on the bus.
 * Invariant: nothing of it survives its end but what it wrote to the bus and to its file; before it has a layer it holds nothing.
 * Source: docs/protocol.md "commands".
 */
import path from 'node:path'
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
  readonly trusted: readonly TrustedKey[]
  readonly dataDir: string
  readonly port: MessagePort
}

/** The layer to handle, once; then how long to stand still. */
export type HandlerOrder = { readonly layerId: string } | { readonly holdMs: number }

const KEEP_MS = 200
/** Above any hold: a handler that is merely slow must not lose its own entries, five times over, and have them buried as poison. */
const CLAIM_MS = 2_000

const { url, trusted, dataDir, port } = workerData as HandlerThreadData

const handle = async (layerId: string): Promise<void> => {
  const bus = createRedisBus({ url, clock, name: `chaos-${layerId}`, claimIdleMs: CLAIM_MS })
  await bus.start()
  const store = openLatchFile(path.join(dataDir, layerId))
  const order = createCommandOrder(store.load()?.order ?? {})
  let kept = ''
  clock.every(KEEP_MS, () => {
    const now = JSON.stringify(order.kept())
    if (now !== kept) store.save({ layers: {}, order: order.kept() }, false)
    kept = now
  })
  const { link } = createTrainerLink(port as unknown as PortLike)
  const handler = createCommandHandler({
    bus,
    clock,
    outbox: createOutbox({ bus, clock, src: `chaos-${layerId}`, epoch: Math.floor(clock.wallMs()) }),
    source: `chaos-${layerId}`,
    layerIds: [layerId],
    target: createTrainerTarget({ trainer: link, layerIds: [layerId], brake: null }),
    gate: createCommandGate({ layerIds: [layerId], verify: createVerifier(trusted), order }),
  })
  await handler.start()
}

parentPort?.on('message', (order: HandlerOrder) => {
  if ('layerId' in order) void handle(order.layerId).then(() => parentPort?.postMessage('started'))
  // Held: the whole thread stands still, as a process does that is not scheduled.
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.holdMs)
})
parentPort?.postMessage('loaded')
