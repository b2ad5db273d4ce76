/*
 * presence: which layers there are, who speaks for each, and when something was last heard of it.
 * In: announcements, heartbeats and run descriptors of the bus, joins of the direct line, names of v2 topics. Out: layers with their state.
 * Invariant: a layer belongs to the newest agent that named it and obeys us; who said goodbye is gone, who fell silent is unreachable, and
 * after an hour of silence it is forgotten. An agent that obeys another key belongs elsewhere only while another gateway renews its lease:
 * without one nobody could stop its layers, and they are ours to worry about. Nothing here is telemetry.
 * Source: docs/emergency-stop.md "who is stopped".
 */
import type { Heartbeat, ServiceAnnouncement } from '../../lib/contracts/control.ts'
import type { LayerPresence } from '../../lib/contracts/gatewayControl.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface LayerAgentSeen {
  readonly id: string
  readonly runId: string | null
  readonly epoch: number
  readonly layers: readonly string[]
  readonly dialect: 'kasmina' | 'v2'
  /** Direct lines of this agent that are proven. */
  lines: number
  /** Monotonic and wall ms of the last sign of life; minus infinity and null when only its name is known. */
  heardMs: number
  heardWallMs: number | null
  beat: Heartbeat | null
  /** Key ids of the gateways it obeys, as it says itself; null when it does not. */
  gatewayKeys: readonly string[] | null
  /** It checked a proof of ours, on a direct line: that counts more than what is said of it on the bus. */
  proven: boolean
}

export interface Presence {
  announce(message: ServiceAnnouncement, heardWallMs: number): void
  /** A run descriptor tells which layers a heartbeat speaks for when the announcement is gone. */
  run(descriptor: RunDescriptor): void
  beat(message: Heartbeat, heardWallMs: number): LayerAgentSeen | null
  joined(agent: { readonly id: string; readonly runId: string; readonly layers: readonly string[] }): LayerAgentSeen
  left(id: string): void
  /** Every v2 layer whose control stream or telemetry has a name. */
  foreign(layers: ReadonlyMap<string, string>): void
  /** The layer's own name on v2 topics; null when it is none of those. */
  nativeName(layerId: string): string | null
  agentOf(layerId: string): LayerAgentSeen | null
  /** Whether this agent named the layer as one of its own. */
  speaksFor(agentId: string, layerId: string | null): boolean
  /** False when it says that it obeys other gateways only; a gateway that does not know tells it all the same. */
  obeys(agent: LayerAgentSeen): boolean
  /** Layers heard of that another installation stops, or that share their names with ours: in none of the other lists. */
  elsewhere(): LayerPresence[]
  layerIds(): string[]
  isReachable(layerId: string): boolean
  list(): LayerPresence[]
  /** Forgets who was silent for an hour. */
  sweep(): void
}

/** Six missed heartbeats. */
const REACHABLE_MS = 30_000
const FORGET_MS = 3_600_000
const MAX_AGENTS = 512
const MAX_LAYERS = 4_096
const MAX_DESCRIPTORS = 256

/** Creates an empty register of the gateway with this key. */
export function createPresence(clock: Clock, keyId: string): Presence {
  const agents = new Map<string, LayerAgentSeen>()
  const owners = new Map<string, LayerAgentSeen>()
  const natives = new Map<string, string>()
  const descriptors = new Map<string, RunDescriptor>()

  const isQuiet = (agent: LayerAgentSeen): boolean =>
    agent.lines === 0 && clock.monotonicMs() - agent.heardMs > REACHABLE_MS

  const obeys = ({ proven, gatewayKeys }: LayerAgentSeen): boolean =>
    proven || gatewayKeys === null || gatewayKeys.includes(keyId)
  /** By its last word: who was well elsewhere and is silent now is no layer that we lost. */
  const isElsewhere = (agent: LayerAgentSeen): boolean => !obeys(agent) && agent.beat?.lease === 'ok'

  const own = (agent: LayerAgentSeen): void => {
    for (const layer of agent.layers) {
      const before = owners.get(layer)
      if (before !== undefined && before !== agent) {
        // Two installations may give their layers the same names: one of ours is never lost behind one that we can not stop.
        const older = before.epoch > agent.epoch && !isQuiet(before)
        if (obeys(before) === obeys(agent) ? older : obeys(before)) continue
      }
      if (owners.has(layer) || owners.size < MAX_LAYERS) owners.set(layer, agent)
    }
  }
  /** Who speaks for a layer of ours. */
  const ownerOf = (layerId: string): LayerAgentSeen | null => {
    const agent = owners.get(layerId)
    return agent === undefined || isElsewhere(agent) ? null : agent
  }
  const rowOf = (layer_id: string, agent: LayerAgentSeen): LayerPresence => ({
    layer_id,
    agent_id: agent.id,
    run_id: agent.runId,
    dialect: 'kasmina',
    socket: agent.lines > 0,
    heard_ms: agent.heardWallMs,
    halted: isHalted(agent.beat, layer_id),
    stop_epoch: agent.beat?.stop_epoch ?? null,
    lease: agent.beat?.lease ?? null,
    other_key: obeys(agent) ? null : (agent.gatewayKeys?.[0] ?? 'none'),
  })
  const drop = (agent: LayerAgentSeen): void => {
    agents.delete(agent.id)
    for (const layer of agent.layers) if (owners.get(layer) === agent) owners.delete(layer)
  }
  const add = (agent: LayerAgentSeen): LayerAgentSeen => {
    const before = agents.get(agent.id)
    if (before) drop(before)
    if (agents.size >= MAX_AGENTS) drop(agents.values().next().value as LayerAgentSeen)
    agents.set(agent.id, agent)
    own(agent)
    return agent
  }
  const hear = (agent: LayerAgentSeen, heardWallMs: number): void => {
    const ageMs = Math.max(0, clock.wallMs() - heardWallMs)
    const heardMs = clock.monotonicMs() - ageMs
    if (heardMs < agent.heardMs) return
    agent.heardMs = heardMs
    agent.heardWallMs = heardWallMs
  }
  const born = (id: string, runId: string | null, epoch: number, layers: readonly string[]): LayerAgentSeen => {
    const unknown = { beat: null, gatewayKeys: null, proven: false }
    const silent = { lines: 0, heardMs: Number.NEGATIVE_INFINITY, heardWallMs: null, ...unknown }
    return { id, runId, epoch, layers, dialect: 'kasmina', ...silent }
  }

  return {
    announce(message, heardWallMs) {
      const { service_id: id, layers, state } = message
      const known = agents.get(id)
      if (state === 'leaving') {
        if (known) drop(known)
        return
      }
      if (!layers || layers.length === 0 || !message.capabilities.includes('commands')) return
      const fits = known !== undefined && known.layers.join() === layers.join()
      const agent = fits ? known : add(born(id, message.run_id ?? null, message.epoch ?? 0, layers))
      hear(agent, heardWallMs)
      agent.gatewayKeys = message.gateway_keys ?? agent.gatewayKeys
      own(agent)
    },
    run(descriptor) {
      descriptors.set(descriptor.telemetry_src, descriptor)
      if (descriptors.size > MAX_DESCRIPTORS) descriptors.delete(descriptors.keys().next().value ?? '')
    },
    beat(message, heardWallMs) {
      let agent = agents.get(message.service_id)
      const run = agent === undefined ? descriptors.get(message.service_id) : undefined
      if (run !== undefined) {
        const layers = run.layers.map((layer) => layer.layer_id)
        agent = add(born(message.service_id, run.run_id, run.epoch, layers))
      }
      if (agent === undefined) return null
      const before = agent.heardMs
      hear(agent, heardWallMs)
      // The same words arrive on two paths, and old ones are replayed at the start: the newest stand.
      if (agent.beat === null || agent.heardMs > before || message.timestamp > agent.beat.timestamp)
        agent.beat = message
      agent.gatewayKeys = message.gateway_keys ?? agent.gatewayKeys
      own(agent)
      return agent
    },
    joined({ id, runId, layers }) {
      const known = agents.get(id)
      const fits = known !== undefined && known.layers.join() === layers.join()
      const epoch = descriptors.get(id)?.epoch ?? known?.epoch ?? Math.floor(clock.wallMs())
      const agent = fits ? known : add(born(id, runId, epoch, layers))
      agent.lines++
      agent.proven = true
      hear(agent, clock.wallMs())
      own(agent)
      return agent
    },
    left(id) {
      const agent = agents.get(id)
      if (agent) agent.lines = Math.max(0, agent.lines - 1)
    },
    foreign(layers) {
      natives.clear()
      for (const [layer, native] of layers)
        if (!owners.has(layer) && natives.size < MAX_LAYERS) natives.set(layer, native)
    },
    nativeName: (layerId) => (owners.has(layerId) ? null : (natives.get(layerId) ?? null)),
    agentOf: ownerOf,
    speaksFor: (agentId, layerId) => layerId !== null && agents.get(agentId)?.layers.includes(layerId) === true,
    obeys,
    elsewhere: () =>
      [...agents.values()]
        .filter((agent) => !obeys(agent) && !isQuiet(agent))
        .flatMap((agent) =>
          agent.layers.flatMap((id) => (isElsewhere(agent) || owners.get(id) !== agent ? [rowOf(id, agent)] : [])),
        ),
    layerIds: () => [
      ...[...owners.keys()].filter((layer) => ownerOf(layer) !== null),
      ...[...natives.keys()].filter((layer) => !owners.has(layer)),
    ],
    isReachable(layerId) {
      const agent = owners.get(layerId)
      return agent === undefined ? natives.has(layerId) : !isQuiet(agent)
    },
    list() {
      const rows = [...owners].flatMap(([layer_id, agent]) => (isElsewhere(agent) ? [] : [rowOf(layer_id, agent)]))
      for (const layer_id of natives.keys()) {
        if (owners.has(layer_id)) continue
        const unknown = { heard_ms: null, halted: null, stop_epoch: null, lease: null, other_key: null }
        rows.push({ layer_id, agent_id: null, run_id: null, dialect: 'v2', socket: false, ...unknown })
      }
      return rows
    },
    sweep() {
      for (const agent of agents.values())
        if (agent.lines === 0 && clock.monotonicMs() - agent.heardMs > FORGET_MS) drop(agent)
    },
  }
}

/** Reads from a heartbeat whether a layer stands still; null when it does not say. */
export function isHalted(beat: Heartbeat | null, layerId: string): boolean | null {
  if (beat === null) return null
  if (beat.halted === true || beat.halted_layers?.includes(layerId) === true) return true
  return beat.halted === false || beat.halted_layers ? false : null
}
