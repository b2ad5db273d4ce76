/*
 * commandDeliveries: signed commands with duplicates on a real Redis, while their handler is killed and held; and a checker of what came of it.
 * In: how many deliveries, a seed. Out: a history judged: effects per command, outcomes per command.
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
import type { HandlerThreadData } from './handlerThread.ts'

export interface DeliveriesOptions {
  readonly url: string
  readonly deliveries: number
  readonly seed: number
  /** Share of deliveries that repeat an earlier command. */
  readonly duplicates?: number
  readonly say?: (line: string) => void
}

export interface DeliveriesReport {
  readonly deliveries: number
  readonly commands: number
  readonly duplicates: number
  readonly kills: number
  readonly holds: number
  readonly effects: number
  readonly doubleEffects: number
  /** Commands without a final outcome of their own. */
  readonly unanswered: number
  /** Commands whose outcomes contradict each other or the effect. */
  readonly contradictions: number
  readonly seconds: number
}

const LAYER = 'layer_0'
const TTL_MS = 3_600_000
const BATCH = 200
const ACK_TOPIC = `kasmina.ack.layer.${LAYER}`
const QUIET_MS = 6_000
/** A killed handler's entries come back within seconds; a machine that others use may need more. */
const PATIENCE_MS = 60_000

/** Runs the scenario. Throws when the handlers never finish. */
export async function runDeliveries(options: DeliveriesOptions): Promise<DeliveriesReport> {
  const { deliveries, seed, duplicates = 0.3, say = () => undefined } = options
  const startMs = clock.monotonicMs()
  const rng = createRng(seed)
  const signer = newSigner()
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

  const spawn = async (): Promise<Worker> => {
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
    const trusted = [{ publicKeyPem: signer.publicKeyPem, scope: 'gateway' as const }]
    const data: HandlerThreadData = { url: options.url, layerId: LAYER, trusted, dataDir, port: port2 }
    const worker = new Worker(new URL('./handlerThread.ts', import.meta.url), {
      workerData: data,
      transferList: [port2],
    })
    worker.once('exit', () => port1.close())
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve())
      worker.once('error', reject)
    })
    return worker
  }

  let worker = await spawn()
  let [kills, holds, sent, repeated, seq] = [0, 0, 0, 0, 0]
  const ids: string[] = []
  const bytes: Uint8Array[] = []
  const finals = new Map<string, Set<string>>()
  let finalsSeen = 0
  let lastSeenMs = clock.monotonicMs()
  const watching = await bus.subscribe(
    ACK_TOPIC,
    ({ data }) => {
      const outcome = JSON.parse(new TextDecoder().decode(data)) as { kind: string; command_id: string }
      lastSeenMs = clock.monotonicMs()
      if (outcome.kind === 'accepted') return
      finalsSeen++
      const kinds = finals.get(outcome.command_id) ?? new Set()
      finals.set(outcome.command_id, kinds.add(outcome.kind))
    },
    { mode: 'broadcast', from: 'latest' },
  )

  const compose = (): Uint8Array => {
    const id = globalThis.crypto.randomUUID()
    ids.push(id)
    return json({
      message_id: id,
      timestamp: clock.wallMs() / 1_000,
      source: 'gateway',
      version: '2.0',
      message_type: 'CheckpointCommand',
      operation: 'restore',
      checkpoint_id: 'none',
      issued_by: 'chaos',
      ttl_ms: TTL_MS,
      issued_bus_ms: Math.floor(clock.wallMs()),
      layer_id: LAYER,
      gateway_epoch: 1,
      seq: ++seq,
    })
  }
  const next = (): Uint8Array => {
    if (bytes.length > 0 && rng.next() < duplicates) {
      repeated++
      // Mostly the one just sent, sometimes one of long ago.
      const back = rng.next() < 0.7 ? rng.int(Math.min(20, bytes.length)) : rng.int(bytes.length)
      return bytes[bytes.length - 1 - back]!
    }
    const made = compose()
    bytes.push(made)
    return made
  }

  const disturb = async (): Promise<void> => {
    const dice = rng.next()
    if (dice < 0.12) {
      await worker.terminate()
      kills++
      worker = await spawn()
    } else if (dice < 0.3) {
      worker.postMessage(50 + rng.int(700))
      holds++
    }
  }

  while (sent < deliveries) {
    const count = Math.min(BATCH, deliveries - sent)
    await Promise.all(
      Array.from({ length: count }, () => {
        const data = next()
        const message = { type: 'CheckpointCommand', enc: 'json', data, ...signer.sign('morph-cmd-v1', data) } as const
        return bus.publish(`kasmina.control.layer.${LAYER}`, message)
      }),
    )
    sent += count
    if (sent % 20_000 === 0) say(`${sent} sent, ${finalsSeen} answered, ${kills} kills, ${holds} holds`)
    await disturb()
    // The issuer waits for the handlers now and then, or everything would be one backlog.
    while (sent - finalsSeen > 5_000 && clock.monotonicMs() - lastSeenMs < QUIET_MS) await clock.sleep(20)
  }
  // Until every command has its answer and nothing more comes; what has none after this long never gets one.
  const settled = (id: string): string[] => [...(finals.get(id) ?? [])].filter((kind) => kind !== 'duplicate')
  const endMs = clock.monotonicMs() + PATIENCE_MS
  const isOpen = (): boolean => ids.some((id) => settled(id).length === 0) && clock.monotonicMs() < endMs
  while (clock.monotonicMs() - lastSeenMs < QUIET_MS || isOpen()) await clock.sleep(100)

  await watching.stop()
  await worker.terminate()
  await bus.stop(1_000)
  rmSync(dataDir, { recursive: true, force: true })
  const unanswered = ids.filter((id) => settled(id).length === 0)
  for (const id of unanswered.slice(0, 10))
    say(`unanswered: ${id}, heard [${[...(finals.get(id) ?? [])].join(', ')}], effects ${effects.get(id) ?? 0}`)
  return {
    deliveries: sent,
    commands: ids.length,
    duplicates: repeated,
    kills,
    holds,
    effects: effects.size,
    doubleEffects: [...effects.values()].filter((count) => count > 1).length,
    unanswered: unanswered.length,
    contradictions: ids.filter((id) => settled(id).length > 1).length,
    seconds: (clock.monotonicMs() - startMs) / 1_000,
  }
}
