/*
 * controllerAgent: the controller as an ordinary bus client, without a private door to the trainer.
 * In: run descriptors, packed telemetry, outcomes. Out: LifecycleTransitionCommands; typed events for the log.
 * Invariant: decisions come from what travelled on the bus alone; only controlled trainer runs in their newest epoch are
 * touched; an intent under way is never issued twice, and compare-and-set makes a late command harmless.
 * Source: seed-design.md 4.2; docs/training.md "policy".
 */
import { decodeEntry } from '../bus/codec.ts'
import type { Delivery, MessageBus, SubscribeOptions } from '../bus/messageBus.ts'
import { createSequenceGuard } from '../bus/sequenceGuard.ts'
import { AppError, isAppError } from '../contracts/appError.ts'
import { RunDescriptor } from '../contracts/runDescriptor.ts'
import { TOPICS, topicPattern } from '../contracts/topics.ts'
import { createBusTime } from '../commands/expiry.ts'
import { type CommandIssuer, createCommandIssuer, type SettledCommand } from '../commands/issuer.ts'
import type { Signer } from '../commands/signing.ts'
import type { Decision, DecisionOutcome, Observation } from '../controller/observation.ts'
import { decide } from '../controller/policy.ts'
import { createPolicyState, type PolicyState } from '../controller/policyState.ts'
import type { Clock } from '../primitives/clock.ts'
import { createDisposables } from '../primitives/disposables.ts'
import { createOutbox, type OutboxEvent } from '../telemetry/outbox.ts'
import { CONTROLLER_ISSUER } from './commandMapping.ts'
import { entryCause } from '../contracts/wireIdText.ts'
import { isControlled } from './runDescriptor.ts'
import { createRunObserver, isReadable, type RunObserver } from './runObserver.ts'

export type ControllerEvent =
  | { readonly kind: 'run'; readonly runId: string; readonly controlled: boolean; readonly reason: string }
  | { readonly kind: 'issued'; readonly runId: string; readonly commandId: string; readonly decision: Decision }
  | { readonly kind: 'settled'; readonly settled: SettledCommand }
  | { readonly kind: 'outbox'; readonly event: OutboxEvent }
  | { readonly kind: 'error'; readonly error: AppError }

export interface ControllerAgentOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly onEvent?: (event: ControllerEvent) => void
  readonly newId?: () => string
  /** Signs what is issued; absent: layers that verify refuse it. */
  readonly signer?: Signer
  /** Publisher identity on the control topics. */
  readonly source?: string
}

export interface ControllerAgent {
  start(): Promise<void>
  stop(deadlineMs: number): Promise<void>
}

interface ControlledRun {
  readonly run: RunDescriptor
  readonly observer: RunObserver
  readonly outcomes: DecisionOutcome[]
  policy: PolicyState
}

const COMMAND_TTL_MS = 5_000
/** How often the bus server is asked for its time; between, the monotonic clock goes on from its answer. */
const BUS_TIME_MS = 5_000
/** Retained descriptors of finished runs cost a few kB each; the oldest leave first. */
const MAX_RUNS = 32
/** Bounded for the case that nobody answers: the newest outcomes are the ones that matter. */
const MAX_OUTCOMES = 256

/** Creates the controller; start() subscribes. */
export function createControllerAgent(options: ControllerAgentOptions): ControllerAgent {
  const { bus, clock } = options
  const emit = options.onEvent ?? (() => undefined)
  const source = options.source ?? CONTROLLER_ISSUER
  const disposables = createDisposables(clock)
  const guard = createSequenceGuard()
  const runs = new Map<string, ControlledRun>()
  const epoch = Math.floor(clock.wallMs())
  const outbox = createOutbox({ bus, clock, src: source, epoch, onEvent: (event) => emit({ kind: 'outbox', event }) })
  /** Which run an intent belongs to, while its command is under way. */
  const owners = new Map<string, ControlledRun>()

  const onSettled = (settled: SettledCommand): void => {
    const owner = owners.get(settled.key)
    owners.delete(settled.key)
    // Unknown is not an outcome: what telemetry shows next decides.
    if (owner && settled.kind !== 'unknown') {
      const key = settled.key.slice(settled.key.indexOf(' ') + 1)
      owner.outcomes.push({ key, applied: settled.kind === 'applied' })
      if (owner.outcomes.length > MAX_OUTCOMES) owner.outcomes.shift()
    }
    emit({ kind: 'settled', settled })
  }

  const busTime = createBusTime(bus, clock)
  const issuer: CommandIssuer = createCommandIssuer({
    clock,
    busNowMs: () => busTime.estimateMs(),
    outbox,
    source,
    issuedBy: CONTROLLER_ISSUER,
    epoch,
    ...(options.signer ? { signer: options.signer } : {}),
    onSettled,
    ...(options.newId ? { newId: options.newId } : {}),
  })

  const issue = (owner: ControlledRun, decision: Decision, causationId: string): void => {
    const { run } = owner
    const key = `${run.run_id} ${decision.key}`
    const commandId = issuer.issue({
      key,
      layerId: decision.layerId,
      seedId: decision.seedId,
      targetState: decision.targetState,
      expect: decision.expect,
      reason: decision.reason,
      parameters: {
        ...(decision.blueprintId === undefined ? {} : { blueprint_id: decision.blueprintId }),
        ...(decision.graftingStrategy === undefined ? {} : { grafting_strategy: decision.graftingStrategy }),
      },
      correlationId: threadOfDecision(key),
      causationId,
      ttlMs: COMMAND_TTL_MS,
      runId: run.run_id,
    })
    if (commandId === null) return
    owners.set(key, owner)
    emit({ kind: 'issued', runId: run.run_id, commandId, decision })
  }

  const observe = (owner: ControlledRun, observation: Observation, causationId: string): void => {
    issuer.sweep()
    const { state, decisions } = decide(owner.policy, observation)
    owner.policy = state
    if (observation.halted) return
    for (const decision of decisions) issue(owner, decision, causationId)
  }

  const onRun = (delivery: Delivery): void => {
    const decoded = decodeEntry(delivery)
    const parsed = RunDescriptor.safeParse(decoded.kind === 'message' ? decoded.message : null)
    if (!parsed.success) return
    const run = parsed.data
    const known = runs.get(run.telemetry_src)
    if (known && known.run.epoch >= run.epoch) return
    const reason = refusalOf(run)
    emit({ kind: 'run', runId: run.run_id, controlled: reason === null, reason: reason ?? 'controlled' })
    runs.delete(run.telemetry_src)
    if (reason !== null) return
    const outcomes: DecisionOutcome[] = []
    const observer = createRunObserver(run, () => outcomes.splice(0))
    runs.set(run.telemetry_src, { run, observer, outcomes, policy: createPolicyState() })
    if (runs.size > MAX_RUNS) runs.delete(runs.keys().next().value ?? '')
  }

  const onFrames = (delivery: Delivery): void => {
    const { src, epoch: theirEpoch, seq } = delivery
    const owner = src === undefined ? undefined : runs.get(src)
    if (!owner || src === undefined || theirEpoch !== owner.run.epoch || seq === undefined) return
    const verdict = guard.check(src, theirEpoch, seq)
    if (verdict.kind === 'duplicate' || verdict.kind === 'old-epoch' || verdict.kind === 'late') return
    const decoded = decodeEntry(delivery)
    if (decoded.kind !== 'frames') return
    const looked = entryCause(delivery.topic, delivery.cursor)
    owner.observer.take(decoded.bytes, decoded.frames, (observation) => observe(owner, observation, looked))
  }

  const onAck = (delivery: Delivery): void => {
    if (issuer.underWay === 0) return
    const decoded = decodeEntry(delivery)
    if (decoded.kind === 'message' && decoded.message.message_type === 'CommandOutcome') issuer.settle(decoded.message)
  }

  /** Bad entries belong to somebody else's accounting (ingest counts them); here they are told once and passed over. */
  const passing =
    (consumer: (delivery: Delivery) => void) =>
    (delivery: Delivery): void => {
      try {
        consumer(delivery)
      } catch (error) {
        emit({
          kind: 'error',
          error: isAppError(error) ? error : new AppError('INTERNAL', 'the controller failed on an entry', {}, error),
        })
      }
    }

  const subscribe = async (pattern: string, consumer: (delivery: Delivery) => void, from: string): Promise<void> => {
    const onError = (error: AppError): void => emit({ kind: 'error', error })
    const subscribeOptions: SubscribeOptions = { mode: 'broadcast', from, onError }
    const subscription = await bus.subscribe(pattern, passing(consumer), subscribeOptions)
    disposables.add(pattern, (deadlineMs) => subscription.stop(deadlineMs))
  }

  return {
    async start() {
      disposables.add('outbox', (deadlineMs) => outbox.stop(deadlineMs))
      await busTime.nowMs()
      disposables.add(
        'bus time',
        clock.every(BUS_TIME_MS, () => void busTime.nowMs()),
      )
      // Outcomes first: a command must not be answered before somebody listens.
      await subscribe(topicPattern('ackLayer'), onAck, 'latest')
      await subscribe(TOPICS.run.pattern, onRun, 'earliest')
      await subscribe(topicPattern('telemetryShard'), onFrames, 'latest')
    },
    async stop(deadlineMs) {
      await disposables.stop(deadlineMs)
      issuer.clear()
    },
  }
}

/** One thread per intent: what is tried again after a refusal goes on in it. Safe in an address. */
export function threadOfDecision(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9_:-]+/g, '-').slice(-128)
}

/** Says why a run is left alone; null when it is ours to control. */
function refusalOf(run: RunDescriptor): string | null {
  if (run.origin !== 'trainer') return `its origin is ${run.origin}`
  if (!isControlled(run)) return 'its descriptor does not ask for a controller'
  return isReadable(run) ? null : 'its columns are not the ones the policy reads'
}
