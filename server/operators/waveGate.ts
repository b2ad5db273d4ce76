/*
 * waveGate: whether the next wave may begin: how many failed, and whether health held.
 * In: counts of a wave, mean health before and now. Out: the gate with its readings.
 * Invariant: health that can not be measured does not pass as good: it is said, and failures alone decide; a floor is relative to before.
 * Source: docs/commands.md "waves"; docs/ux.md "canary waves".
 */
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import type { Wave } from '../../lib/contracts/httpCommands.ts'

/** Mean health may fall by this much before a run halts itself. */
export const HEALTH_DROP = 0.1

export interface WaveResult {
  readonly sent: number
  readonly failed: number
  readonly unknown: number
  readonly healthBefore: number | null
  readonly healthNow: number | null
}

/** Judges one wave. Pure. */
export function judgeWave({ sent, failed, unknown, healthBefore, healthNow }: WaveResult): NonNullable<Wave['gate']> {
  const ratio = sent === 0 ? 0 : (failed + unknown) / sent
  const floor = healthBefore === null ? null : Math.max(0, healthBefore - HEALTH_DROP)
  const failuresHold = ratio <= COMMAND_LIMITS.waveFailureRatio
  const healthHolds = floor === null || healthNow === null || healthNow >= floor
  const health =
    floor === null || healthNow === null
      ? 'health was not measured'
      : `health ${healthNow.toFixed(3)}, floor ${floor.toFixed(3)}`
  const text = `${failed + unknown} of ${sent} without success (${(ratio * 100).toFixed(1)} %, ${COMMAND_LIMITS.waveFailureRatio * 100} % allowed); ${health}`
  return {
    passed: failuresHold && healthHolds,
    text,
    failure_ratio: ratio,
    max_failure_ratio: COMMAND_LIMITS.waveFailureRatio,
    health_before: healthBefore,
    health_now: healthNow,
    health_floor: floor,
  }
}

export interface Drift {
  readonly left: number
  readonly of: number
  readonly ratio: number
  readonly max_ratio: number
}

/** How far the set is from what was confirmed. */
export function driftOf(left: number, of: number): Drift {
  return { left, of, ratio: of === 0 ? 0 : left / of, max_ratio: COMMAND_LIMITS.driftRatio }
}

/** Tells whether the confirmation is void. */
export const isDrifted = ({ ratio, max_ratio }: Drift): boolean => ratio > max_ratio
