/*
 * liveTrainer: the real training thread with its agents on a given bus, as the product wires them.
 * In: a bus, how fast and how far to train. Out: the agents, the run, what they told, and a stop.
 * Invariant: nothing is replaced by a stand-in: real digits, real worker thread, real commands.
 * Source: docs/architecture.md "processes and threads".
 */
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type ControllerEvent, createControllerAgent } from '../../lib/agents/controllerAgent.ts'
import { createLayerAgent, type LayerAgentEvent } from '../../lib/agents/layerAgent.ts'
import { connectTrainer } from '../../lib/agents/trainerLink.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { openControllerSigner } from '../../server/gateway/keys.ts'
import { heldLayers, openLayerGuard } from '../../server/workers/layerGuard.ts'
import type { TrainerWorkerData, TrainerWorkerNote } from '../../server/workers/trainerWorker.ts'

export const DIGITS_PATH = fileURLToPath(new URL('../../assets/digits/digits-14x14.bin.br', import.meta.url))
const WORKER = new URL('../../server/workers/trainerWorker.ts', import.meta.url)

export type LiveTrainerOptions = Partial<Omit<TrainerWorkerData, 'port'>> & {
  readonly controllerBus?: MessageBus
  readonly maxPendingTicks?: number
  /** Keys and files of a gateway: its folder. Absent: nothing is verified. */
  readonly dataDir?: string
}

/** Starts a training thread; the port is the agent's end. */
export function startTrainerThread(options: Partial<Omit<TrainerWorkerData, 'port'>>) {
  const { port1, port2 } = new MessageChannel()
  const workerData: TrainerWorkerData = {
    port: port1,
    digitsPath: DIGITS_PATH,
    controlCurvePath: null,
    options: { seed: 1 },
    stepsPerS: null,
    runsFolder: null,
    ...options,
  }
  const worker = new Worker(WORKER, { workerData, transferList: [port1] })
  const notes: TrainerWorkerNote[] = []
  worker.on('message', (note: TrainerWorkerNote) => notes.push(note))
  const exited = new Promise<number>((resolve) => worker.once('exit', resolve))
  const failed = new Promise<never>((_, reject) => worker.once('error', reject))
  failed.catch(() => undefined)
  return { worker, port: port2, notes, exited, failed }
}

/** Starts trainer, layer agent and controller; resolves when all of them are up. */
export async function startLiveTrainer(bus: MessageBus, options: LiveTrainerOptions = {}) {
  const { controllerBus = bus, maxPendingTicks, dataDir, ...rest } = options
  const thread = startTrainerThread({ ...(dataDir ? { heldLayers: heldLayers(dataDir) } : {}), ...rest })
  const agentEvents: LayerAgentEvent[] = []
  const controllerEvents: ControllerEvent[] = []
  const { link, ring, switches, run } = await Promise.race([connectTrainer(thread.port), thread.failed])
  const controller = createControllerAgent({
    bus: controllerBus,
    clock,
    ...(dataDir ? { signer: openControllerSigner(dataDir) } : {}),
    onEvent: (event) => controllerEvents.push(event),
  })
  await controller.start()
  const agent = createLayerAgent({
    bus,
    clock,
    ring,
    switches,
    trainer: link,
    run,
    ...(dataDir ? { guard: openLayerGuard(dataDir) } : {}),
    onEvent: (event) => agentEvents.push(event),
    ...(maxPendingTicks === undefined ? {} : { maxPendingTicks }),
  })
  await agent.start()
  return {
    ...thread,
    agent,
    controller,
    link,
    run,
    agentEvents,
    controllerEvents,
    async stop() {
      await controller.stop(2_000)
      await Promise.race([link.stop(), clock.sleep(5_000)])
      await agent.stop(2_000)
      await thread.worker.terminate()
      thread.port.close()
    },
  }
}
