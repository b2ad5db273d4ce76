/*
 * healthWatch: how the place of an intervention was doing before and after it, kept as a node of its thread.
 * In: moments that threads turn on: faults, commands, transitions, alerts. Out: one health node each, some seconds later.
 * Invariant: what was not measured is null; the moments of both readings are told; more than it can hold is counted, not hidden.
 * Source: docs/ux.md "causal thread"; features E14.
 */
import type { HealthReading } from '../../lib/contracts/httpThreads.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { ORDER } from './recordNodes.ts'
import type { NodeDraft } from './threadNode.ts'

export interface HealthPlace {
  readonly runId: string | null
  readonly layerId: string | null
  readonly seedId: number | null
}

interface Reading {
  readonly metric: string
  readonly unit: string
  readonly value: number | null
  readonly atMs: number | null
}

export interface HealthAnchor extends HealthPlace {
  readonly thread: string
  /** The node it belongs to. */
  readonly nodeId: string
  readonly atMs: number
  readonly generation: number | null
}

export interface HealthWatch {
  /** Reads now, and again later; an anchor that is long past is not read: now says nothing of then. */
  anchor(anchor: HealthAnchor): void
  dropped(): number
  stop(): void
}

export interface HealthWatchOptions {
  readonly clock: Clock
  /** Newest reading of each metric of a place; the last evaluation before `atMs` counts as before. */
  readonly read: (place: HealthPlace, atMs: number) => readonly Reading[]
  readonly add: (nodes: readonly NodeDraft[]) => void
  readonly afterMs?: number
}

const AFTER_MS = 15_000
/** An event that is older than this when it is heard comes out of a replay. */
const PRESENT_MS = 5_000
const MAX_OPEN = 1_000

const numberText = (value: number | null): string =>
  value === null ? 'unmeasured' : Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1)

const wordsOf = ({ metric, before, after }: HealthReading): string =>
  `${metric.replaceAll('_', ' ')} ${numberText(before)} to ${numberText(after)}`

/** Creates a watch with nothing open. */
export function createHealthWatch({ clock, read, add, afterMs = AFTER_MS }: HealthWatchOptions): HealthWatch {
  const open = new Map<string, () => void>()
  let dropped = 0

  const close = (anchor: HealthAnchor, before: readonly Reading[]): void => {
    const nowMs = clock.wallMs()
    const after = read(anchor, nowMs)
    const health = before.map(({ metric, unit, value, atMs }): HealthReading => {
      const later = after.find((one) => one.metric === metric)
      return {
        metric,
        unit,
        before: value,
        before_ms: atMs,
        after: later?.value ?? null,
        after_ms: later?.atMs ?? null,
      }
    })
    if (health.every((one) => one.before === null && one.after === null)) return
    add([
      {
        id: `health ${anchor.nodeId}`,
        atMs: nowMs,
        ord: ORDER.rest,
        kind: 'health',
        correlationId: anchor.thread,
        causationId: anchor.nodeId,
        runId: anchor.runId,
        layerId: anchor.layerId,
        seedId: anchor.seedId,
        generation: anchor.generation,
        text: health.map(wordsOf).join(', '),
        by: 'telemetry',
        health,
      },
    ])
  }

  return {
    anchor(anchor) {
      if (clock.wallMs() - anchor.atMs > PRESENT_MS || open.has(anchor.nodeId)) return
      if (open.size >= MAX_OPEN) {
        dropped++
        return
      }
      const before = read(anchor, anchor.atMs)
      open.set(
        anchor.nodeId,
        clock.after(afterMs, () => {
          open.delete(anchor.nodeId)
          close(anchor, before)
        }),
      )
    },
    dropped: () => dropped,
    stop() {
      for (const undo of open.values()) undo()
      open.clear()
    },
  }
}
