/*
 * runDescriptor: says what a run is, from what the trainer says about itself.
 * In: the trainer's description, the run's identity, the recorded control curve. Out: a RunDescriptor fit to publish.
 * Invariant: schema_id is computed from exactly the tables that travel in the descriptor.
 * Source: seed-design.md 2.2; docs/protocol.md "run descriptor".
 */
import { AppError } from '../contracts/appError.ts'
import { MESSAGE_VERSION } from '../contracts/envelope.ts'
import { ReferencePoint, type RunDescriptor, type RunOrigin } from '../contracts/runDescriptor.ts'
import { schemaIdOf } from '../frames/schemaId.ts'
import type { Clock } from '../primitives/clock.ts'
import type { TrainerDescription } from '../training/trainerTypes.ts'

export interface RunIdentity {
  readonly runId: string
  readonly epoch: number
  readonly origin: RunOrigin
  readonly title: string
  readonly expectedIntervalMs: number
  /** Whether the controller may decide for this run. */
  readonly controlled: boolean
}

const CONTROL_KEY = 'controller'
const CONTROL_POLICY = 'policy'

/** Tells whether the run asks for the controller's decisions: ours, from a trainer, and not opted out. */
export function isControlled(run: RunDescriptor): boolean {
  return run.origin === 'trainer' && run.metadata[CONTROL_KEY] === CONTROL_POLICY
}

/** Names a run of the built-in trainer: `digits-s<seed>-<base36 time>`. */
export function createRunId(seed: number, clock: Clock): string {
  return `digits-s${seed}-${Math.floor(clock.wallMs()).toString(36)}`
}

/** Names the publisher of a run's packed telemetry. */
export function telemetrySourceOf(runId: string): string {
  return `trainer-${runId}`
}

/** Builds the descriptor of a run. */
export function buildRunDescriptor(
  description: TrainerDescription,
  identity: RunIdentity,
  controlCurve: RunDescriptor['control_curve'],
  clock: Clock,
  newId: () => string = () => globalThis.crypto.randomUUID(),
): RunDescriptor {
  const source = telemetrySourceOf(identity.runId)
  return {
    message_id: newId(),
    timestamp: clock.wallMs() / 1_000,
    source,
    version: MESSAGE_VERSION,
    message_type: 'RunDescriptor',
    metadata: { [CONTROL_KEY]: identity.controlled ? CONTROL_POLICY : 'none' },
    run_id: identity.runId,
    origin: identity.origin,
    title: identity.title,
    telemetry_src: source,
    epoch: identity.epoch,
    schema_id: schemaIdOf(description.layers, description.seed_columns, description.layer_columns),
    expected_interval_ms: identity.expectedIntervalMs,
    control_curve: controlCurve,
    ...description,
  }
}

const Curve = ReferencePoint.array().max(4_096)

/** Reads a recorded control curve: a list of points, or an object with `points`. @throws CONTRACT_INVALID when the text is not one. */
export function parseControlCurve(text: string): RunDescriptor['control_curve'] {
  try {
    const file: unknown = JSON.parse(text)
    const isWrapped = typeof file === 'object' && file !== null && 'points' in file
    return Curve.parse(isWrapped ? file.points : file)
  } catch (cause) {
    throw new AppError('CONTRACT_INVALID', 'the control curve file does not hold a list of points', {}, cause)
  }
}
