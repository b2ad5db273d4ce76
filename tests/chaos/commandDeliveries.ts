/*
 * commandDeliveries: signed commands with duplicates on a real Redis, while their handler is killed and held; and a checker of what came of it.
 * In: how many deliveries to how many layers, a seed. Out: a history judged: effects per command, outcomes per command.
 * Each layer has a handler in a thread of its own; a spare one is kept loaded, so that a kill costs the handler and not the minute.
 * Invariant: the place of effect is the product's trainer desk and outlives the handlers; the checker reads the bus, not the handlers.
 * Source: docs/protocol.md "commands"; docs/adr/0007-signed-commands.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { createTrainerDesk } from '../../lib/agents/trainerDesk.ts'
import type { ToTrainer, TrainerRecord } from '../../lib/agents/trainerProtocol.ts'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { createOutcomeStore } from '../../lib/commands/outcomeStore.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createRng } from '../../lib/training/rng.ts'
import { createTrainer } from '../../lib/training/trainer.ts'
import { createSpirals } from '../../lib/training/dataset.ts'
import type { Trainer } from '../../lib/training/trainerTypes.ts'
import { json } from '../support/commandBench.ts'
import { newSigner } from '../support/guardedBench.ts'
import type { BusMessage } from '../../lib/bus/messageBus.ts'
import { isAppError } from '../../lib/contracts/appError.ts'
import type { HandlerOrder, HandlerThreadData } from './handlerThread.ts'

export interface DeliveriesOptions {
  readonly url: string
  readonly deliveries: number
  readonly seed: number
  /** Share of deliveries that repeat an earlier command. */
  readonly duplicates?: number
  /** Layers, each with its own handler; default 1. */
  readonly layers?: number
  /** Deliveries between two chances of a kill or a hold; default 200. */
  readonly batch?: number
  readonly say?: (line: string) => void
}

export interface DeliveriesReport {
  readonly deliveries: number
  readonly commands: number
  readonly duplicates: number
  /** Deliveries the bus did not answer in time, made once more. */
  readonly resent: number
  readonly kills: number
  readonly holds: number
  readonly effects: number
  readonly doubleEffects: number
  /** Commands without a final outcome of their own. */
  readonly unanswered: number
  /** Entries given up as poison after five deliveries that nobody settled: each may leave its command unanswered. */
  readonly buried: number
  /** Commands whose outcomes contradict each other or the effect. */
  readonly contradictions: number
  readonly seconds: number
}

/** Longer than the run: what is repeated at the end must be known as a repeat, not be too old. */
const TTL_MS = 3_600_000
const MAX_BACKLOG = 5_000
/** The newest of them may be repeated: more would only fill memory. */
const REPEATABLE = 50_000
/** Share of commands that people ask for. */
const PEOPLE = 0.25
const QUIET_MS = 6_000
/** A command counts as unanswered when nothing at all was answered for this long: a machine that others use is slow, and that loses nothing. */
const PATIENCE_MS = 60_000

const told = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })

/** Runs the scenario. Throws when the handlers never finish. */
export async function runDeliveries(options: DeliveriesOptions): Promise<DeliveriesReport> {
  const { deliveries, seed, duplicates = 0.3, layers: count = 1, batch = 200, say = () => undefined } = options
  const layers = Array.from({ length: count }, (_, n) => `layer_${n}`)
  const startMs = clock.monotonicMs()
  const rng = createRng(seed)
  const [gateway, controller] = [newSigner(), newSigner()]
  const dataDir = mkdtempSync(path.join(tmpdir(), 'chaos-'))
  const bus = createRedisBus({ url: options.url, clock, name: 'chaos-issuer' })
  await bus.start()

  // The place of effect: the product's desk over a real trainer, whose every execution is written down.
  const inner = createTrainer({ seed }, createSpirals(seed, { samples: 120 }))
  const effects = new Map<string, number>()
  const trainer: Trainer = Object.create(inner, {
    execute: {
      value: (command: Parameters<Trainer['execute']>[0]) => {
        const id = command.correlationId ?? ''
        effects.set(id, (effects.get(id) ?? 0) + 1)
        return inner.execute(command)
      },
    },
  }) as Trainer
  const records = createOutcomeStore<TrainerRecord>(clock, { maxEntries: Math.max(100_000, deliveries) })

  const load = async (): Promise<Worker> => {
    const { port1, port2 } = new MessageChannel()
    const desk = createTrainerDesk({
      trainer,
      clock,
      records,
      switches: undefined,
      obey: () => undefined,
      tellEvents: () => undefined,
      post: (message) => port1.postMessage(message),
    })
    port1.on('message', (message: ToTrainer) => message.kind === 'execute' && desk(message))
    const trusted = [
      { publicKeyPem: gateway.publicKeyPem, scope: 'gateway' as const },
      { publicKeyPem: controller.publicKeyPem, scope: 'controller' as const },
    ]
    const data: HandlerThreadData = { url: options.url, trusted, dataDir, port: port2 }
    const worker = new Worker(new URL('./handlerThread.ts', import.meta.url), {
      workerData: data,
      transferList: [port2],
    })
    worker.once('exit', () => port1.close())
    await told(worker)
    return worker
  }
  let spare = load()
  /** Puts the spare handler to a layer, and loads the next. */
  const spawn = async (layerId: string): Promise<Worker> => {
    const worker = await spare
    worker.postMessage({ layerId } satisfies HandlerOrder)
    await told(worker)
    spare = load()
    return worker
  }

  const workers: Worker[] = []
  for (const layerId of layers) workers.push(await spawn(layerId))
  let [kills, holds, sent, repeated, resent] = [0, 0, 0, 0, 0]
  /** Each issuer counts for itself, per layer. */
  const seqs = { gateway: layers.map(() => 0), controller: layers.map(() => 0) }
  const ids: string[] = []
  const made: { readonly layer: number; readonly message: BusMessage }[] = []
  const finals = new Map<string, Set<string>>()
  /** Commands without an outcome of their own yet. */
  const open = new Set<string>()
  let finalsSeen = 0
  let lastSeenMs = clock.monotonicMs()
  const watching = await bus.subscribe(
    'kasmina.ack.layer.+',
    ({ data }) => {
      const outcome = JSON.parse(new TextDecoder().decode(data)) as { kind: string; command_id: string }
      lastSeenMs = clock.monotonicMs()
      if (outcome.kind === 'accepted') return
      finalsSeen++
      const kinds = finals.get(outcome.command_id) ?? new Set()
      finals.set(outcome.command_id, kinds.add(outcome.kind))
      if (outcome.kind !== 'duplicate') open.delete(outcome.command_id)
    },
    { mode: 'broadcast', from: 'latest' },
  )

  const compose = (): (typeof made)[number] => {
    const layer = rng.int(layers.length)
    const id = globalThis.crypto.randomUUID()
    ids.push(id)
    open.add(id)
    // As on a running network: the controller decides most, and people the rest, whose commands are followed stage by stage.
    const by = rng.next() < PEOPLE ? 'gateway' : 'controller'
    const head = {
      message_id: id,
      timestamp: clock.wallMs() / 1_000,
      source: by,
      version: '2.0',
      issued_by: by,
      ttl_ms: TTL_MS,
      issued_bus_ms: Math.floor(clock.wallMs()),
      layer_id: layers[layer],
      gateway_epoch: 1,
      seq: ++seqs[by][layer]!,
    }
    const asked =
      by === 'gateway'
        ? { message_type: 'CheckpointCommand', operation: 'restore', checkpoint_id: 'none' }
        : {
            message_type: 'LifecycleTransitionCommand',
            seed_id: 0,
            target_state: 'GERMINATED',
            expect: { generation: 999 },
          }
    const data = json({ ...head, ...asked })
    const signer = by === 'gateway' ? gateway : controller
    const message = { type: asked.message_type, enc: 'json', data, ...signer.sign('morph-cmd-v1', data) } as const
    return { layer, message }
  }
  const next = (): (typeof made)[number] => {
    if (made.length > 0 && rng.next() < duplicates) {
      repeated++
      // Mostly the one just sent, sometimes one of long ago.
      const back = rng.next() < 0.7 ? rng.int(Math.min(20, made.length)) : rng.int(made.length)
      return made[made.length - 1 - back]!
    }
    const fresh = compose()
    made.push(fresh)
    if (made.length > 2 * REPEATABLE) made.splice(0, REPEATABLE)
    return fresh
  }

  /** What the bus did not answer in time may have arrived: said again it is one more delivery. */
  const put = async (topic: string, message: BusMessage): Promise<void> => {
    for (;;) {
      try {
        await bus.publish(topic, message)
        return
      } catch (error) {
        if (!isAppError(error, 'BUS_TIMEOUT') && !isAppError(error, 'BUS_UNAVAILABLE')) throw error
        resent++
      }
    }
  }

  const disturb = async (): Promise<void> => {
    const dice = rng.next()
    const at = rng.int(workers.length)
    if (dice < 0.12) {
      await workers[at]!.terminate()
      kills++
      workers[at] = await spawn(layers[at]!)
    } else if (dice < 0.3) {
      workers[at]!.postMessage({ holdMs: 50 + rng.int(700) } satisfies HandlerOrder)
      holds++
    }
  }

  while (sent < deliveries) {
    const some = Math.min(batch, deliveries - sent)
    await Promise.all(
      Array.from({ length: some }, () => {
        const { layer, message } = next()
        return put(`kasmina.control.layer.${layers[layer]}`, message)
      }),
    )
    sent += some
    if (sent % 20_000 === 0) {
      const seconds = Math.round((clock.monotonicMs() - startMs) / 1_000)
      say(`${sent} sent, ${finalsSeen} answered, ${kills} kills, ${holds} holds, ${seconds} s`)
    }
    await disturb()
    // The issuer waits for the handlers now and then, or everything would be one backlog.
    while (sent - finalsSeen > MAX_BACKLOG && clock.monotonicMs() - lastSeenMs < QUIET_MS) await clock.sleep(20)
  }
  // Until every command has its answer and nothing more comes; what has none after this long never gets one.
  const settled = (id: string): string[] => [...(finals.get(id) ?? [])].filter((kind) => kind !== 'duplicate')
  while (clock.monotonicMs() - lastSeenMs < (open.size > 0 ? PATIENCE_MS : QUIET_MS)) await clock.sleep(100)

  const dead = await bus.read('kasmina.dead', { limit: 1_000 })
  await watching.stop()
  await Promise.all([...workers, await spare].map((worker) => worker.terminate()))
  await bus.stop(1_000)
  rmSync(dataDir, { recursive: true, force: true })
  const unanswered = ids.filter((id) => settled(id).length === 0)
  for (const id of unanswered.slice(0, 10))
    say(
      `unanswered: command ${ids.indexOf(id)} of ${ids.length}, ${id}, heard [${[...(finals.get(id) ?? [])].join(', ')}], effects ${effects.get(id) ?? 0}`,
    )
  return {
    deliveries: sent,
    commands: ids.length,
    duplicates: repeated,
    resent,
    kills,
    holds,
    effects: effects.size,
    doubleEffects: [...effects.values()].filter((count) => count > 1).length,
    unanswered: unanswered.length,
    buried: dead.kind === 'entries' ? dead.entries.length : 0,
    contradictions: ids.filter((id) => settled(id).length > 1).length,
    seconds: (clock.monotonicMs() - startMs) / 1_000,
  }
}
