/*
 * Bounds and times of the command plane, without its schemas: pages load them.
 * In: nothing. Out: COMMAND_LIMITS, ms where the name says so.
 * Invariant: no schema library here.
 * Source: docs/commands.md.
 */
export const COMMAND_LIMITS = Object.freeze({
  /** More targets than this are level 3. */
  manyTargets: 25,
  /** More targets than this need the quota of an admin. */
  quotaTargets: 500,
  maxTargets: 65_536,
  armMs: 30_000,
  previewMs: 10_000,
  graceMs: 5_000,
  holdMs: 1_200,
  stopHoldMs: 700,
  approvalMs: 600_000,
  watchMs: 30_000,
  driftRatio: 0.05,
  waveRatio: 0.05,
  waveFailureRatio: 0.02,
  batch: 64,
  idempotencyMs: 86_400_000,
})
