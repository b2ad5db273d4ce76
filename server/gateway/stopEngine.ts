/*
 * stopEngine: the emergency stop: out at once on both paths, again and again until every layer has confirmed, and in force until resumed.
 * In: stops, answers and signs of life of layers. Out: signed stops, the matrix of each.
 * Invariant: nothing comes before sending: no queue, no disk, no approval, no rate; stop_epoch only grows; a restarted gateway asserts what
 * was not resumed, and a layer that comes back, or says that it runs, is told again.
 * Source: docs/emergency-stop.md; docs/adr/0008-gateway-process.md.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { GatewayPath, GatewayStop, GatewayStopState } from '../../lib/contracts/gatewayControl.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { ForeignRoute } from './dispatcher.ts'
import type { Entries, SignedEntry } from './entries.ts'
import type { GatewayStore, StoredStop } from './gatewayStore.ts'
import type { Outgoing } from './outgoing.ts'
import { isHalted, type LayerAgentSeen, type Presence } from './presence.ts'
import { covers, fromStopState, isMissing, newRow, noteAnswer, noteSent, noteSign } from './stopRecord.ts'
import { reset, type StopRecord, type StopRow, toStopState } from './stopRecord.ts'

export interface StopEngine {
  /** Sends; the same id again answers the matrix. @throws CONTRACT_INVALID when the id was another stop's */
  stop(request: GatewayStop): GatewayStopState
  /** Takes up what an earlier start left in force. */
  start(): void
  close(): void
  settle(outcome: CommandOutcome, path: GatewayPath): boolean
  /** A sign of life, or a join: halted or not, new or known. */
  seen(agent: LayerAgentSeen): void
  /** A seed of the layer moved. */
  moved(layerId: string): void
  get(id: string): GatewayStopState | null
  record(id: string): StopRecord | null
  inForce(): GatewayStopState[]
  /** The newest stop in force for a layer; 0 without one. */
  newestFor(layerId: string): number
  stopEpoch(): number
  /** The layer goes on: it answered a Resume up to this epoch. */
  resumed(layerId: string, stopEpoch: number): void
}

export interface StopEngineOptions {
  readonly clock: Clock
  readonly entries: Entries
  readonly outgoing: Outgoing
  readonly presence: Presence
  readonly store: GatewayStore
  readonly newId: () => string
  readonly foreign: (entry: SignedEntry, layerId: string) => ForeignRoute | null
  /** What there is that no stop from here halts, in a sentence; null when there is nothing. */
  readonly beyond: () => string | null
  readonly onChange: (stop: GatewayStopState) => void
}

const REPEATS_MS = [20, 30, 50] as const
const REPEAT_MS = 100
/** When only silent layers are missing: they are told at once when they come back, this is for those who only listen. */
const SILENT_REPEAT_MS = 1_000
const LONG_SILENT_REPEAT_MS = 5_000
const LONG_MS = 60_000
const SAVE_MS = 20
const KEPT = 64
/** A sign of life that was under way when the stop was applied says nothing against it. */
const CONTRADICTION_MS = 2_000
/** What a v2 layer is told: it does not answer, so repetition has an end. */
const FOREIGN_COPIES = 3
/** Valid for as long as a stop may take to arrive; layers do not expire stops. */
const TTL_MS = 3_600_000

interface Active {
  readonly record: StopRecord
  readonly messages: Map<string, SignedEntry>
  turn: number
  undo: () => void
}

/** Creates the engine; start takes up the past. */
export function createStopEngine(options: StopEngineOptions): StopEngine {
  const { clock, entries, outgoing, presence, store } = options
  const stops = new Map<string, Active>()
  const byMessage = new Map<string, Active>()
  let stopEpoch = store.before.stopEpoch
  let undoSave: (() => void) | null = null

  const stateOf = (active: Active): GatewayStopState =>
    toStopState(active.record, (layer) => presence.isReachable(layer))
  /** As it is told: a stop of all says what is not in it. Not kept: it may be over at the next start. */
  const told = (active: Active): GatewayStopState => {
    const state = stateOf(active)
    const beyond = state.scope === 'all' && state.resumed_ms === null ? options.beyond() : null
    return beyond === null ? state : { ...state, warnings: [beyond, ...state.warnings].slice(0, 8) }
  }
  const ids = new WeakMap<Active, Map<string, string>>()

  const save = (): void => {
    undoSave ??= clock.after(SAVE_MS, () => {
      undoSave = null
      const kept = [...stops.values()].map((active): StoredStop => ({
        state: stateOf(active),
        messages: Object.fromEntries(ids.get(active) ?? []),
      }))
      store.saveStops(stopEpoch, kept, (problem) => {
        for (const { record } of problem === null ? [] : stops.values())
          if (record.resumedMs === null && !record.warnings.includes(problem!)) record.warnings.push(problem!)
      })
    })
  }
  const changed = (active: Active): void => {
    save()
    options.onChange(told(active))
  }

  /** The signed message of a layer, or of all (''): made once, the same bytes at each repetition. */
  const messageOf = (active: Active, layerId: string): SignedEntry => {
    const made = active.messages.get(layerId)
    if (made) return made
    const { record } = active
    const known = ids.get(active) ?? new Map<string, string>()
    ids.set(active, known)
    const id = known.get(layerId) ?? (byMessage.has(record.id) ? options.newId() : record.id)
    known.set(layerId, id)
    const body = {
      message_type: 'EmergencyStopCommand',
      layer_id: layerId === '' ? null : layerId,
      issued_by: record.issuedBy,
      reason: record.reason,
      mode: 'freeze',
      priority: 'critical',
      ttl_ms: TTL_MS,
    }
    const entry = entries.command(body, { message_id: id, stop_epoch: record.stopEpoch })
    active.messages.set(layerId, entry)
    byMessage.set(id, active)
    return entry
  }

  const sendForeign = (active: Active, rows: readonly StopRow[]): void => {
    for (const row of rows) {
      if (!row.foreign || row.resends >= FOREIGN_COPIES || row.state === 'resumed') continue
      const entry = messageOf(active, row.layerId)
      const route = options.foreign(entry, row.layerId)
      for (const topic of route?.topics ?? []) outgoing.urgent(topic, { ...entry, message: route!.message })
      noteSent(row, clock)
    }
  }

  /** Everything that leaves in one turn leaves here, before anything else happens. */
  const send = (active: Active): void => {
    const { record } = active
    if (Number.isNaN(record.sentMonoMs)) record.sentMonoMs = clock.monotonicMs()
    const rows = [...record.rows.values()]
    const missing = rows.filter((row) => isMissing(row) && !row.foreign)
    if (record.scope === 'all') {
      const entry = messageOf(active, '')
      const agents = new Set(missing.map((row) => presence.agentOf(row.layerId)?.id))
      // The first turn tells everybody, also those nobody has heard of yet.
      const first = active.turn === 0
      if (first || missing.length > 0) {
        outgoing.line(entry, (id) => first || agents.has(id))
        outgoing.urgent(outgoing.controlTopic(null), entry)
      }
    } else {
      for (const { layerId } of missing) {
        const entry = messageOf(active, layerId)
        const agent = presence.agentOf(layerId)
        outgoing.line(entry, (id) => id === agent?.id)
        outgoing.urgent(outgoing.controlTopic(layerId), entry)
      }
    }
    for (const row of missing) noteSent(row, clock)
    sendForeign(active, rows)
  }

  const repeat = (active: Active): void => {
    active.undo()
    const { record } = active
    const waits = [...record.rows.values()].filter(
      (row) => isMissing(row) || (row.foreign && row.resends < FOREIGN_COPIES && row.state !== 'resumed'),
    )
    if (record.resumedMs !== null || waits.length === 0) return
    const silent = waits.every((row) => !presence.isReachable(row.layerId))
    const sinceMs = clock.monotonicMs() - record.sentMonoMs
    const calmMs = sinceMs > LONG_MS ? LONG_SILENT_REPEAT_MS : SILENT_REPEAT_MS
    const waitMs = REPEATS_MS[active.turn] ?? (silent ? calmMs : REPEAT_MS)
    active.undo = clock.after(waitMs, () => {
      active.turn++
      send(active)
      repeat(active)
      if (active.turn % 10 === 0) options.onChange(told(active))
    })
  }

  const begin = (record: StopRecord, messages: Readonly<Record<string, string>> = {}): Active => {
    const active: Active = { record, messages: new Map(), turn: 0, undo: () => undefined }
    ids.set(active, new Map(Object.entries(messages)))
    stops.set(record.id, active)
    for (const [id, old] of stops) {
      if (stops.size <= KEPT) break
      if (old.record.resumedMs === null) continue
      stops.delete(id)
      for (const [message, active_] of byMessage) if (active_ === old) byMessage.delete(message)
    }
    return active
  }

  const addRows = (record: StopRecord): void => {
    const layers = record.scope === 'all' ? presence.layerIds() : record.scope
    for (const layer of layers)
      if (!record.rows.has(layer)) record.rows.set(layer, newRow(layer, presence.nativeName(layer) !== null))
  }

  const stop = (request: GatewayStop): GatewayStopState => {
    const known = stops.get(request.id)
    if (known) {
      if (JSON.stringify(known.record.scope) === JSON.stringify(request.scope)) return told(known)
      throw new AppError('CONTRACT_INVALID', 'this id was used for a stop of another scope', { path: 'id' })
    }
    const active = begin({
      id: request.id,
      stopEpoch: ++stopEpoch,
      scope: request.scope,
      issuedBy: request.issued_by,
      reason: request.reason ?? '',
      atMs: clock.wallMs(),
      origin: 'asked',
      rows: new Map(),
      warnings: [],
      sentMonoMs: Number.NaN,
      resumedMs: null,
    })
    addRows(active.record)
    send(active)
    repeat(active)
    changed(active)
    return told(active)
  }

  /** A layer stands still under a stop we have no record of: it is taken up, so that it can be seen and resumed. */
  const adopt = (agent: LayerAgentSeen): void => {
    const epoch = agent.beat?.stop_epoch ?? 0
    if (epoch === 0) return
    const halted = agent.layers.filter((layer) => isHalted(agent.beat, layer) === true)
    if (halted.length === 0 || [...stops.values()].some(({ record }) => record.stopEpoch === epoch)) return
    stopEpoch = Math.max(stopEpoch, epoch)
    const active = begin({
      id: options.newId(),
      stopEpoch: epoch,
      scope: halted,
      issuedBy: 'unknown',
      reason: 'found at the layers: the gateway has no record of who asked for it',
      atMs: clock.wallMs(),
      origin: 'found',
      rows: new Map(),
      warnings: [],
      sentMonoMs: Number.NaN,
      resumedMs: null,
    })
    addRows(active.record)
    send(active)
    repeat(active)
    changed(active)
  }

  /** Begins anew with a layer, under a message of its own: one that was answered may be answered from memory for ever. */
  const startOver = (active: Active, row: StopRow, text: string): void => {
    const place = active.record.scope === 'all' ? '' : row.layerId
    reset(row, text, ids.get(active)?.get(place) ?? null)
    active.messages.delete(place)
    ids.get(active)?.delete(place)
  }

  /** Its layers are no part of a stop of all any more; who named them in a scope goes on seeing that they do not answer. */
  const leave = (agent: LayerAgentSeen): void => {
    for (const active of stops.values()) {
      const { record } = active
      const gone = agent.layers.filter((layer) => {
        const row = record.rows.get(layer)
        return row !== undefined && isMissing(row) && presence.agentOf(layer) === null
      })
      if (record.scope !== 'all' || gone.length === 0) continue
      for (const layer of gone) record.rows.delete(layer)
      changed(active)
    }
  }

  const seenBy = (active: Active, agent: LayerAgentSeen, layerId: string): boolean => {
    const { record } = active
    // An agent that was followed by another speaks for the layer no more: the two would take it from each other at every sign of life.
    if (presence.agentOf(layerId)?.id !== agent.id) return false
    let row = record.rows.get(layerId)
    if (row === undefined) {
      // A layer that appears under a stop in force is told at once, not when somebody presses again.
      row = newRow(layerId, false)
      row.agentId = agent.id
      record.rows.set(layerId, row)
      return true
    }
    if (row.state === 'resumed') return false
    if (row.agentId !== null && row.agentId !== agent.id) {
      startOver(active, row, 'another agent speaks for the layer now')
      row.agentId = agent.id
      return true
    }
    row.agentId = agent.id
    const halted = isHalted(agent.beat, layerId)
    const done = row.state === 'applied' || row.state === 'verified'
    const sinceMs = clock.monotonicMs() - (row.appliedMonoMs ?? Number.NEGATIVE_INFINITY)
    if (done && halted === false && sinceMs > CONTRADICTION_MS) {
      startOver(active, row, 'it said that it runs after it had confirmed the stop')
      return true
    }
    return noteSign(row, halted, agent.beat?.timestamp ?? 0, clock)
  }

  return {
    stop,
    start() {
      for (const { state, messages } of store.before.stops) {
        const active = begin(fromStopState(state), messages)
        for (const id of Object.values(messages)) byMessage.set(id, active)
        if (state.resumed_ms !== null) continue
        stopEpoch = Math.max(stopEpoch, state.stop_epoch)
        send(active)
        repeat(active)
        options.onChange(told(active))
      }
    },
    close() {
      for (const active of stops.values()) active.undo()
      undoSave?.()
    },
    settle(outcome, path) {
      const active = byMessage.get(outcome.command_id)
      if (active === undefined || typeof outcome.layer_id !== 'string') return false
      const { record } = active
      let row = record.rows.get(outcome.layer_id)
      if (row === undefined && covers(record, outcome.layer_id))
        record.rows.set(outcome.layer_id, (row = newRow(outcome.layer_id, false)))
      if (row === undefined) return true
      row.agentId = presence.agentOf(row.layerId)?.id ?? row.agentId
      if (noteAnswer(record, row, outcome, path, clock)) changed(active)
      return true
    },
    seen(agent) {
      // A layer of another installation is stopped and resumed from there: here it is neither waited for nor taken up.
      if (!presence.obeys(agent)) return leave(agent)
      adopt(agent)
      // Also of a layer that runs: a stop that is not newer than what it was resumed from would halt nothing.
      stopEpoch = Math.max(stopEpoch, agent.beat?.stop_epoch ?? 0)
      for (const active of stops.values()) {
        let touched = false
        for (const layer of agent.layers)
          if (covers(active.record, layer)) touched = seenBy(active, agent, layer) || touched
        if (active.record.resumedMs !== null) continue
        const waits = agent.layers.some((layer) => {
          const row = active.record.rows.get(layer)
          return row !== undefined && isMissing(row)
        })
        // Told in the same breath: a layer that comes back must not take a step.
        if (waits && (touched || active.turn > REPEATS_MS.length)) {
          send(active)
          repeat(active)
        }
        if (touched) changed(active)
      }
    },
    moved(layerId) {
      for (const { record } of stops.values()) {
        const row = record.rows.get(layerId)
        if (row?.state === 'applied') row.signs = 0
      }
    },
    get(id) {
      const active = stops.get(id)
      return active ? told(active) : null
    },
    record: (id) => stops.get(id)?.record ?? null,
    inForce: () => [...stops.values()].filter(({ record }) => record.resumedMs === null).map(told),
    newestFor(layerId) {
      let newest = 0
      for (const { record } of stops.values()) {
        const row = record.rows.get(layerId)
        if (covers(record, layerId) && row?.state !== 'resumed') newest = Math.max(newest, record.stopEpoch)
      }
      return newest
    },
    stopEpoch: () => stopEpoch,
    resumed(layerId, upTo) {
      for (const active of stops.values()) {
        const { record } = active
        const row = record.rows.get(layerId)
        if (record.stopEpoch > upTo || row === undefined || row.state === 'resumed') continue
        row.state = 'resumed'
        row.text = ''
        if ([...record.rows.values()].every(({ state }) => state === 'resumed')) {
          record.resumedMs = clock.wallMs()
          active.undo()
        }
        changed(active)
      }
    },
  }
}
