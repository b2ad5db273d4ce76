/*
 * resumeRamp: the way back: one layer, then a tenth, then all, each watched before the next; and back to a stop when health falls.
 * In: a resume of one stop, answers, health reports. Out: signed Resumes, the state of the ramp.
 * Invariant: only the newest stop in force for a layer can be answered; a layer goes on only after its own word; whatever goes wrong in the
 * ramp stops what it had resumed.
 * Source: docs/emergency-stop.md "resume".
 */
import type { z } from 'zod'
import { AppError } from '../../lib/contracts/appError.ts'
import { GatewayResume, type GatewayResumeState } from '../../lib/contracts/gatewayControl.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Entries, SignedEntry } from './entries.ts'
import type { Outgoing } from './outgoing.ts'
import type { Presence } from './presence.ts'
import type { StopEngine } from './stopEngine.ts'
import type { StopRecord } from './stopRecord.ts'

export interface ResumeRamp {
  /** Begins, or answers the state of the same id. @throws STATE_NOT_FOUND, STATE_CONFLICT */
  resume(request: GatewayResume): GatewayResumeState
  get(id: string): GatewayResumeState | null
  settle(outcome: CommandOutcome): boolean
  /** Mean health of a layer's seeds as its report has it; null = not measured. */
  health(layerId: string, value: number | null): void
  /** Layers whose health matters now. */
  watches(): boolean
  close(): void
}

export interface ResumeRampOptions {
  readonly clock: Clock
  readonly entries: Entries
  readonly outgoing: Outgoing
  readonly presence: Presence
  readonly stops: StopEngine
  readonly newId: () => string
  readonly onChange: (resume: GatewayResumeState) => void
}

const REPEAT_MS = 100
const ANSWER_MS = 5_000
const LOOK_MS = 250
const TTL_MS = 60_000
const KEPT = 64
/** Wave one is a single layer, wave two a tenth of all. */
const TENTH = 10

interface Ramp {
  readonly request: z.output<typeof GatewayResume>
  readonly stop: StopRecord
  readonly readings: Map<string, number | null>
  open: Map<string, { readonly layerId: string; readonly entry: SignedEntry }>
  waveSinceMs: number
  askedMs: number
  undo: () => void
  state: GatewayResumeState
}

/** Cuts layers into waves. */
export function wavesOf(layers: readonly string[]): string[][] {
  const first = layers.slice(0, 1)
  const second = layers.slice(1, 1 + Math.floor(layers.length / TENTH))
  return [first, second, layers.slice(1 + second.length)].filter((wave) => wave.length > 0)
}

/** Creates the ramp; it keeps no timer while nothing is resumed. */
export function createResumeRamp(options: ResumeRampOptions): ResumeRamp {
  const { clock, entries, outgoing, presence, stops } = options
  const ramps = new Map<string, Ramp>()

  const change = (ramp: Ramp, next: Partial<GatewayResumeState>): void => {
    ramp.state = { ...ramp.state, ...next }
    options.onChange(ramp.state)
  }
  const finish = (ramp: Ramp, state: 'done' | 'halted', text: string): void => {
    ramp.undo()
    ramp.open.clear()
    change(ramp, { state, text, health: meanHealth(ramp) })
  }
  const halt = (ramp: Ramp, why: string): void => {
    const { scope } = ramp.stop
    finish(ramp, 'halted', `the resume halted itself: ${why}; everything in its scope is stopped again`)
    const reason = `the resume halted itself: ${why}`
    stops.stop({ id: options.newId(), scope, issued_by: 'gateway', reason })
  }

  const meanHealth = (ramp: Ramp): number | null => {
    const known = ramp.state.resumed.flatMap((layer) => {
      const value = ramp.readings.get(layer)
      return typeof value === 'number' ? [value] : []
    })
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  }

  /** What speaks against the next wave; null when nothing does. */
  const trouble = (ramp: Ramp): string | null => {
    const silent = ramp.state.resumed.find((layer) => !presence.isReachable(layer))
    if (silent !== undefined) return `${silent} fell silent`
    const ill = ramp.state.resumed.find((layer) => presence.agentOf(layer)?.beat?.status === 'unhealthy')
    if (ill !== undefined) return `${ill} says it is unhealthy`
    const health = meanHealth(ramp)
    if (health !== null && health < ramp.request.health_floor)
      return `mean health ${health.toFixed(2)} is under ${ramp.request.health_floor}`
    const newer =
      ramp.stop.stopEpoch < stops.stopEpoch() && ramp.state.resumed.some((layer) => stops.newestFor(layer) > 0)
    return newer ? 'a newer stop was sent' : null
  }

  const send = (ramp: Ramp): void => {
    for (const { layerId, entry } of ramp.open.values()) {
      const agent = presence.agentOf(layerId)
      outgoing.line(entry, (id) => id === agent?.id)
      outgoing.urgent(outgoing.controlTopic(layerId), entry)
    }
  }

  const begin = (ramp: Ramp, wave: number): void => {
    const layers = ramp.state.waves[wave] ?? []
    const { request, stop } = ramp
    ramp.open = new Map()
    for (const layerId of layers) {
      const body = {
        message_type: 'Resume',
        layer_id: layerId,
        stop_id: stop.id,
        issued_by: request.issued_by,
        approved_by: request.approved_by,
        reason: request.reason,
        priority: 'critical',
        ttl_ms: TTL_MS,
        ramp: { stage: wave + 1, of: ramp.state.waves.length },
      }
      const id = options.newId()
      const entry = entries.command(body, { message_id: id, stop_epoch: stop.stopEpoch })
      ramp.open.set(id, { layerId, entry })
    }
    ramp.askedMs = clock.monotonicMs()
    change(ramp, { wave: wave + 1, text: `wave ${wave + 1} of ${ramp.state.waves.length}: ${layers.length} layers` })
    send(ramp)
    ask(ramp)
  }

  /** Repeats until every layer of the wave answered. */
  const ask = (ramp: Ramp): void => {
    ramp.undo = clock.after(REPEAT_MS, () => {
      if (ramp.open.size === 0) return watch(ramp)
      const waiting = [...ramp.open.values()].map(({ layerId }) => layerId)
      if (clock.monotonicMs() - ramp.askedMs > ANSWER_MS)
        return halt(ramp, `${waiting.slice(0, 3).join(', ')} did not answer within ${ANSWER_MS / 1_000} s`)
      send(ramp)
      ask(ramp)
    })
  }

  const watch = (ramp: Ramp): void => {
    ramp.waveSinceMs = clock.monotonicMs()
    const look = (): void => {
      const why = trouble(ramp)
      if (why !== null) return halt(ramp, why)
      if (clock.monotonicMs() - ramp.waveSinceMs < ramp.request.hold_ms) {
        ramp.undo = clock.after(LOOK_MS, look)
        return
      }
      if (ramp.state.wave < ramp.state.waves.length) return begin(ramp, ramp.state.wave)
      const rest = [...ramp.stop.rows.values()].filter(({ state }) => state !== 'resumed').map(({ layerId }) => layerId)
      const unmeasured = meanHealth(ramp) === null ? ' Health was not measured.' : ''
      const left = rest.length === 0 ? '' : ` Still stopped, for nobody answers there: ${rest.slice(0, 8).join(', ')}.`
      finish(ramp, 'done', `${ramp.state.resumed.length} layers go on.${left}${unmeasured}`)
    }
    look()
  }

  const resume = (request: GatewayResume): GatewayResumeState => {
    const known = ramps.get(request.id)
    if (known) return known.state
    const stop = stops.record(request.stop_id)
    if (stop === null) throw new AppError('STATE_NOT_FOUND', `there is no stop ${request.stop_id}`, { path: 'stop_id' })
    if (stop.resumedMs !== null)
      throw new AppError('STATE_CONFLICT', 'this stop was resumed already', { path: 'stop_id' })
    const other = [...ramps.values()].find(({ state }) => state.state === 'running')
    if (other) throw new AppError('STATE_CONFLICT', `the resume ${other.state.id} is under way`, { path: 'stop_id' })
    const rows = [...stop.rows.values()].filter(({ state }) => state !== 'resumed')
    const newer = rows.find(({ layerId }) => stops.newestFor(layerId) > stop.stopEpoch)
    if (newer)
      throw new AppError('STATE_CONFLICT', `a newer stop holds ${newer.layerId}: resume that one`, { path: 'stop_id' })
    // A v2 layer knows no resume, and what was forgotten is not there to be told.
    for (const row of rows)
      if (row.foreign || presence.agentOf(row.layerId) === null) stops.resumed(row.layerId, stop.stopEpoch)
    const layers = rows.map(({ layerId }) => layerId).filter((layer) => presence.agentOf(layer) !== null)
    const waves = wavesOf(layers.filter((layer) => presence.isReachable(layer)).toSorted())
    const ramp: Ramp = {
      request: GatewayResume.parse(request),
      stop,
      readings: new Map(),
      open: new Map(),
      waveSinceMs: 0,
      askedMs: 0,
      undo: () => undefined,
      state: {
        id: request.id,
        stop_id: stop.id,
        state: 'running',
        wave: 0,
        waves,
        resumed: [],
        health: null,
        text: '',
      },
    }
    ramps.set(request.id, ramp)
    if (ramps.size > KEPT) ramps.delete(ramps.keys().next().value ?? '')
    if (waves.length === 0) watch(ramp)
    else begin(ramp, 0)
    return ramp.state
  }

  return {
    resume,
    get: (id) => ramps.get(id)?.state ?? null,
    settle(outcome) {
      for (const ramp of ramps.values()) {
        const asked = ramp.open.get(outcome.command_id)
        if (asked === undefined || asked.layerId !== outcome.layer_id) continue
        const applied =
          outcome.kind === 'applied' || (outcome.kind === 'duplicate' && outcome.details['outcome'] === 'applied')
        if (applied) {
          ramp.open.delete(outcome.command_id)
          stops.resumed(asked.layerId, ramp.stop.stopEpoch)
          change(ramp, { resumed: [...ramp.state.resumed, asked.layerId] })
        } else if (outcome.kind !== 'accepted' && outcome.kind !== 'duplicate')
          halt(ramp, `${asked.layerId} answered ${outcome.kind}: ${outcome.text.slice(0, 200)}`)
        return true
      }
      return false
    },
    health(layerId, value) {
      for (const ramp of ramps.values())
        if (ramp.state.state === 'running' && ramp.state.resumed.includes(layerId)) ramp.readings.set(layerId, value)
    },
    watches: () => [...ramps.values()].some(({ state }) => state.state === 'running'),
    close() {
      for (const ramp of ramps.values()) ramp.undo()
    },
  }
}
