/*
 * readiness: would a stop get through now? A NoOp to every layer each ten seconds, once on each path.
 * In: the layers, answers. Out: per layer and path the round trip, and how many layers are ready.
 * Invariant: a layer is ready when a probe of the last round came back on at least one path; what was not measured is null; layers of
 * another installation are neither probed nor counted, and always named.
 * Source: docs/emergency-stop.md "stop ready".
 */
import type { GatewayPath, GatewayReadiness } from '../../lib/contracts/gatewayControl.ts'
import { type CommandOutcome, isFinalOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Entries } from './entries.ts'
import type { Outgoing } from './outgoing.ts'
import { elsewhereWords } from './elsewhere.ts'
import type { Presence } from './presence.ts'

export interface Readiness {
  start(): void
  stop(): void
  settle(outcome: CommandOutcome): boolean
  now(): GatewayReadiness
}

export interface ReadinessOptions {
  readonly clock: Clock
  readonly entries: Entries
  readonly outgoing: Outgoing
  readonly presence: Presence
  readonly newId: () => string
  readonly keyId: string
  readonly onRound: (readiness: GatewayReadiness) => void
}

const ROUND_MS = 10_000
/** A stop that takes longer than this is not one to count on. */
const IN_TIME_MS = 2_000
/** The first rounds follow each other quickly: a page that opens wants to know. */
const FIRST_MS = 500

interface Probe {
  readonly layerId: string
  readonly path: GatewayPath
  readonly sentMs: number
}
interface Reading {
  ok: boolean
  ms: number | null
  at_ms: number | null
}

/** Creates the prober; start begins the rounds. */
export function createReadiness(options: ReadinessOptions): Readiness {
  const { clock, entries, outgoing, presence } = options
  const open = new Map<string, Probe>()
  const readings = new Map<string, { readonly [P in GatewayPath]: Reading }>()
  let undo: () => void = () => undefined
  let atMs: number | null = null
  let known = ''

  const readingOf = (layerId: string) => {
    let reading = readings.get(layerId)
    if (!reading) {
      const none = (): Reading => ({ ok: false, ms: null, at_ms: null })
      readings.set(layerId, (reading = { bus: none(), socket: none() }))
    }
    return reading
  }

  const probe = (layerId: string, path: GatewayPath): void => {
    const id = options.newId()
    const body = {
      message_type: 'NoOp',
      layer_id: layerId,
      issued_by: 'gateway',
      reason: 'stop readiness',
      priority: 'critical',
    }
    const entry = entries.command({ ...body, ttl_ms: IN_TIME_MS }, { message_id: id })
    open.set(id, { layerId, path, sentMs: clock.monotonicMs() })
    if (path === 'bus') return outgoing.urgent(outgoing.controlTopic(layerId), entry)
    const agent = presence.agentOf(layerId)
    if (outgoing.line(entry, (id_) => id_ === agent?.id) === 0) miss(id)
  }
  const miss = (id: string): void => {
    const lost = open.get(id)
    if (lost === undefined) return
    open.delete(id)
    Object.assign(readingOf(lost.layerId)[lost.path], { ok: false, ms: null, at_ms: clock.wallMs() })
  }

  const now = (): GatewayReadiness => {
    const layers = presence.list().map(({ layer_id, dialect, other_key }) => {
      const { bus, socket } = readingOf(layer_id)
      const others = other_key === null ? '' : `it obeys the gateway with the key ${other_key}, which is not this one`
      const text = dialect === 'v2' ? 'a v2 layer: it answers no probe' : others
      return { layer_id, bus: { ...bus }, socket: { ...socket }, text }
    })
    const ready = layers.filter(({ bus, socket }) => bus.ok || socket.ok)
    const best = ready.map(({ bus, socket }) => Math.min(bus.ms ?? Infinity, socket.ms ?? Infinity))
    const worst_ms = best.length === 0 ? null : Math.max(...best)
    const elsewhere = elsewhereWords(presence.elsewhere(), options.keyId)
    return { at_ms: atMs, ready: ready.length, of: layers.length, worst_ms, layers, elsewhere }
  }

  const round = (): void => {
    for (const id of open.keys()) miss(id)
    const ours = presence.list().filter(({ dialect }) => dialect === 'kasmina')
    const present = new Set(presence.layerIds())
    for (const layer of readings.keys()) if (!present.has(layer)) readings.delete(layer)
    known = [...present].toSorted().join()
    atMs = clock.wallMs()
    for (const { layer_id } of ours) {
      probe(layer_id, 'socket')
      probe(layer_id, 'bus')
    }
    undo()
    undo = clock.after(IN_TIME_MS, () => {
      for (const id of open.keys()) miss(id)
      options.onRound(now())
      undo = clock.after(ROUND_MS - IN_TIME_MS, round)
    })
  }

  /** A new layer is probed at once instead of after ten seconds. */
  const watch = (): void => {
    const present = presence.layerIds().toSorted().join()
    if (present !== known && open.size === 0) round()
  }
  let undoWatch: () => void = () => undefined

  return {
    start() {
      round()
      undoWatch = clock.every(FIRST_MS, watch)
    },
    stop() {
      undo()
      undoWatch()
    },
    settle(outcome) {
      const probed = open.get(outcome.command_id)
      if (probed === undefined || outcome.layer_id !== probed.layerId) return false
      if (!isFinalOutcome(outcome.kind)) return true
      open.delete(outcome.command_id)
      const ms = clock.monotonicMs() - probed.sentMs
      // Any answer proves the way; a refused probe does not prove that a stop would be obeyed.
      const ok = outcome.kind === 'applied' || outcome.kind === 'duplicate'
      Object.assign(readingOf(probed.layerId)[probed.path], { ok, ms: ok ? ms : null, at_ms: clock.wallMs() })
      if (open.size === 0) options.onRound(now())
      return true
    },
    now,
  }
}
