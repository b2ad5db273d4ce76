/*
 * adapter: records of the newer generation in our messages, with the little memory that takes.
 * In: checked records in order of arrival. Out: runs, snapshots, events, annotations, or nothing but a count.
 * Invariant: percent becomes fraction; what was not measured stays null; a state comes from a name, with the native name kept
 * beside it; a record that is older than what is known of its environment is told but never put over it.
 * Source: docs/protocol.md "leyline events"; seed-design.md 2.2-2.4.
 */
import { AppError } from '../../contracts/appError.ts'
import type { SeedState } from '../../contracts/lifecycle.ts'
import type { AnyMessage } from '../../contracts/messageTypes.ts'
import { parseMessage } from '../../contracts/messageTypes.ts'
import { derivedUuid } from '../../contracts/upcast.ts'
import { toAlert } from './alerts.ts'
import { envName, placeOf, toRunId, type Place } from './places.ts'
import type { DrawnRecord, LeylineEnvelope, LeylineRecord, PayloadOf } from './records.ts'
import { isStage, isStageEdge, LEYLINE_SCHEME, type LeylineStage, stageState } from './stages.ts'

export interface LeylineRun {
  readonly runId: string
  readonly title: string
  readonly layers: readonly { readonly layer_id: string; readonly seeds: number }[]
  readonly seed: number
  readonly hostParameters: number
  readonly config: Readonly<Record<string, unknown>>
}

export type LeylineItem =
  | { readonly kind: 'run'; readonly run: LeylineRun; readonly timestamp: number; readonly messageId: string }
  | { readonly kind: 'snapshot'; readonly message: Extract<AnyMessage, { message_type: 'SeedMetricsSnapshot' }> }
  /** `legal`: by the edges of the native scheme; null = not a transition. `text` stands beside what the message says. */
  | {
      readonly kind: 'event'
      readonly message: AnyMessage
      readonly legal: boolean | null
      readonly text: string | null
    }

export interface LeylineOutcome {
  readonly items: readonly LeylineItem[]
  /** Parts that could not be used, each with its path; the rest of the record was. */
  readonly refusals: readonly AppError[]
  readonly opaque: boolean
  readonly overtaken: boolean
}

export interface LeylineAdapter {
  /** Adapts one record. @throws CONTRACT_INVALID with `path` when a stage is none (UNKNOWN) or a message can not be made */
  adapt(record: LeylineRecord): LeylineOutcome
}

interface Group {
  runId: string
  readonly stages: Map<string, LeylineStage>
  readonly gates: Map<string, { readonly target: string; readonly guard: object }>
  readonly newest: Map<string, { epoch: number; timestamp: number; offset: number }>
  /** Lowest environment seen: its host is the curve; one line can not be several hosts. */
  curveEnv: number
}

const MAX_GROUPS = 256
const MAX_PLACES = 65_536

const INITIATORS: Readonly<Record<string, string>> = Object.freeze({
  policy: 'policy',
  operator: 'operator',
  governor: 'governor',
  auto: 'guard',
})

const percent = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : value / 100

const metricsOf = (source: Readonly<Record<string, unknown>>): Record<string, number | null> => {
  const reading = (name: string): number | null => {
    const value = source[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : null
  }
  const all: Record<string, number | null> = {
    alpha: reading('alpha'),
    // A gradient that was not measured is null, or 0 where its writer had no null to give.
    seed_grad_norm: reading('gradient_norm'),
    grad_ratio: reading('grad_ratio') || null,
    gradient_health: reading('gradient_health'),
    accuracy_delta: percent(reading('accuracy_delta')),
    epochs_in_stage: reading('epochs_in_stage'),
    performance_delta: percent(reading('counterfactual')),
    total_improvement: percent(reading('improvement')),
  }
  for (const name of Object.keys(all)) if (all[name] === null && !(nativeOf(name) in source)) delete all[name]
  return all
}

const nativeOf = (name: string): string =>
  ({ seed_grad_norm: 'gradient_norm', performance_delta: 'counterfactual', total_improvement: 'improvement' })[name] ??
  name

/** Creates an adapter with nothing known. */
export function createLeylineAdapter(): LeylineAdapter {
  const groups = new Map<string, Group>()

  const groupOf = (name: string): Group => {
    const known = groups.get(name)
    if (known !== undefined) return known
    if (groups.size >= MAX_GROUPS) groups.delete(groups.keys().next().value as string)
    const group: Group = {
      runId: toRunId(name, null),
      stages: new Map(),
      gates: new Map(),
      newest: new Map(),
      curveEnv: Infinity,
    }
    groups.set(name, group)
    return group
  }

  const message = (type: string, envelope: LeylineEnvelope, group: Group, key: string, fields: object): AnyMessage => {
    const raw = {
      message_id: derivedUuid(`leyline|${envelope.event_id}|${type}|${key}`),
      timestamp: envelope.timestamp,
      source: group.runId,
      version: '2.0',
      message_type: type,
      metadata: { native_event_id: envelope.event_id, native_event_type: envelope.event_type },
      run_id: group.runId,
      lifecycle_scheme: LEYLINE_SCHEME,
      ...fields,
    }
    return parseMessage(type, raw, { topic: '', cursor: envelope.event_id, acceptedAtMs: 0 }).message
  }

  const stageAt = (name: string, path: string): LeylineStage => {
    if (isStage(name)) return name
    throw new AppError('CONTRACT_INVALID', `leyline record ${path}: not a stage of ${LEYLINE_SCHEME}`, { path })
  }

  /** Older than what is known of its environment: by epoch and by time, since epochs begin anew with each episode. */
  const isOvertaken = (group: Group, env: string, epoch: number | null, timestamp: number): boolean => {
    const before = group.newest.get(env)
    if (before !== undefined && epoch !== null && epoch < before.epoch) {
      if (timestamp < before.timestamp) return true
      group.newest.set(env, { epoch, timestamp, offset: before.offset + before.epoch })
      return false
    }
    if (group.newest.size < MAX_PLACES || before !== undefined)
      group.newest.set(env, {
        epoch: epoch ?? before?.epoch ?? 0,
        timestamp: Math.max(timestamp, before?.timestamp ?? 0),
        offset: before?.offset ?? 0,
      })
    return false
  }

  const snapshot = (
    envelope: LeylineEnvelope,
    group: Group,
    place: Place,
    stage: LeylineStage,
    source: Readonly<Record<string, unknown>>,
    state?: SeedState,
  ): LeylineItem => {
    const { state: mapped, nativeId } = stageState(stage)
    const blueprint = source['blueprint_id']
    const made = message('SeedMetricsSnapshot', envelope, group, `${place.layerId}|${place.seedId}`, {
      layer_id: place.layerId,
      seed_id: place.seedId,
      lifecycle_state: state ?? mapped,
      native_state: stage,
      native_state_id: nativeId,
      ...place.native,
      blueprint_id: typeof blueprint === 'string' && blueprint !== '' ? blueprint.slice(0, 128) : null,
      metrics: metricsOf(source),
    })
    return { kind: 'snapshot', message: made as Extract<AnyMessage, { message_type: 'SeedMetricsSnapshot' }> }
  }

  const move = (
    envelope: LeylineEnvelope,
    group: Group,
    data: { readonly slot_id: string; readonly env_id: number } & Readonly<Record<string, unknown>>,
    edge: {
      readonly from: LeylineStage | null
      readonly to: LeylineStage
      readonly reason: string
      readonly by: string
    },
    overtaken: boolean,
  ): LeylineItem[] => {
    const place = placeOf(data.env_id, data.slot_id)
    const key = `${place.layerId}|${place.seedId}`
    const known = group.stages.get(key)
    const state = edge.by === 'governor' && edge.to === 'PRUNED' ? ('ROLLED_BACK' as const) : stageState(edge.to).state
    if (!overtaken && (known !== undefined || group.stages.size < MAX_PLACES)) group.stages.set(key, edge.to)
    const items = overtaken ? [] : [snapshot(envelope, group, place, edge.to, data, state)]
    const from = edge.from ?? known ?? null
    // Told twice (a stage change and its own event): once is enough. From nowhere: no edge can be drawn.
    if (from === null || (known === edge.to && edge.from !== known)) return items
    const gate = group.gates.get(key)
    group.gates.delete(key)
    const native = `${from} to ${edge.to}`
    const made = message('StateTransitionEvent', envelope, group, key, {
      layer_id: place.layerId,
      seed_id: place.seedId,
      from_state: stageState(from).state,
      to_state: state,
      native_from_state: from,
      native_state: edge.to,
      ...place.native,
      reason: `${edge.reason === '' ? '' : `${edge.reason} `}(${native})`.slice(0, 2_000),
      triggered_by: edge.by,
      blueprint_id: typeof data['blueprint_id'] === 'string' ? data['blueprint_id'].slice(0, 128) || null : null,
      ...(gate?.target === edge.to ? { guard: gate.guard } : {}),
    })
    return [...items, { kind: 'event', message: made, legal: isStageEdge(from, edge.to), text: null }]
  }

  const evaluate = (envelope: LeylineEnvelope, group: Group, data: PayloadOf<'EPOCH_COMPLETED'>): LeylineItem[] => {
    if (data.env_id < 0 || data.env_id > group.curveEnv) return []
    group.curveEnv = data.env_id
    const offset = group.newest.get(envName(data.env_id))?.offset ?? 0
    const made = message('EvaluationEvent', envelope, group, '', {
      val_accuracy: percent(data.val_accuracy),
      val_loss: data.val_loss,
      train_accuracy: percent(data.train_accuracy),
      train_loss: data.train_loss ?? null,
      parameters: null,
      step: offset + (envelope.epoch ?? data.inner_epoch),
    })
    return [{ kind: 'event', message: made, legal: null, text: null }]
  }

  const contributions = (
    envelope: LeylineEnvelope,
    group: Group,
    data: PayloadOf<'COUNTERFACTUAL_MATRIX_COMPUTED'>,
  ): LeylineItem[] => {
    const accuracyWith = (wanted: (index: number) => boolean): number | null => {
      const found = data.configs.find(
        ({ seed_mask }) =>
          seed_mask.length === data.slot_ids.length && seed_mask.every((isOn, index) => isOn === wanted(index)),
      )
      return found?.accuracy ?? null
    }
    const all = accuracyWith(() => true)
    return data.slot_ids.flatMap((slot, at) => {
      const place = placeOf(data.env_id, slot)
      const stage = group.stages.get(`${place.layerId}|${place.seedId}`)
      const without = accuracyWith((index) => index !== at)
      if (stage === undefined || all === null || without === null) return []
      return [snapshot(envelope, group, place, stage, { counterfactual: all - without })]
    })
  }

  const start = (envelope: LeylineEnvelope, group: Group, data: PayloadOf<'TRAINING_STARTED'>): LeylineItem[] => {
    Object.assign(group, { runId: toRunId(envelope.group_id, envelope.event_id), curveEnv: Infinity })
    for (const map of [group.stages, group.gates, group.newest]) map.clear()
    const rows = new Map<string, number>()
    for (let env = 0; env < data.n_envs; env++)
      for (const slot of data.slot_ids) {
        const { layerId, seedId } = placeOf(env, slot)
        rows.set(layerId, Math.max(rows.get(layerId) ?? 0, seedId + 1))
      }
    const layers = [...rows].map(([layer_id, seeds]) => ({ layer_id, seeds })).slice(0, 4_096)
    const { n_envs, max_epochs, slot_ids } = data
    const run: LeylineRun = {
      runId: group.runId,
      title: `${data.task} (leyline)`.slice(0, 120),
      layers,
      seed: data.seed,
      hostParameters: data.host_params,
      config: { n_envs, max_epochs, slot_ids: slot_ids.slice(0, 256), scheme: LEYLINE_SCHEME },
    }
    const { timestamp, event_id } = envelope
    return [{ kind: 'run', run, timestamp, messageId: derivedUuid(`leyline|${event_id}|run`) }]
  }

  const epochSeeds = (
    envelope: LeylineEnvelope,
    group: Group,
    data: PayloadOf<'EPOCH_COMPLETED'>,
    refusals: AppError[],
  ): LeylineItem[] =>
    Object.entries(data.seeds ?? {}).flatMap(([slot, seed]) => {
      try {
        const stage = stageAt(seed.stage, `data.seeds.${slot}.stage`)
        const place = placeOf(data.env_id, slot)
        const key = `${place.layerId}|${place.seedId}`
        if (group.stages.has(key) || group.stages.size < MAX_PLACES) group.stages.set(key, stage)
        return [snapshot(envelope, group, place, stage, seed)]
      } catch (error) {
        refusals.push(error as AppError)
        return []
      }
    })

  const draw = (drawn: DrawnRecord, envelope: LeylineEnvelope, group: Group, late: boolean, refusals: AppError[]) => {
    switch (drawn.type) {
      case 'TRAINING_STARTED':
        return start(envelope, group, drawn.data)
      case 'SEED_GERMINATED':
        return move(envelope, group, drawn.data, { from: 'DORMANT', to: 'GERMINATED', reason: '', by: 'policy' }, late)
      case 'SEED_STAGE_CHANGED': {
        const from = stageAt(drawn.data.from_stage, 'data.from_stage')
        const to = stageAt(drawn.data.to_stage, 'data.to_stage')
        return move(envelope, group, drawn.data, { from, to, reason: '', by: 'unknown' }, late)
      }
      case 'SEED_FOSSILIZED':
        return move(envelope, group, drawn.data, { from: null, to: 'FOSSILIZED', reason: '', by: 'policy' }, late)
      case 'SEED_PRUNED': {
        const by = INITIATORS[drawn.data.initiator ?? ''] ?? 'unknown'
        return move(envelope, group, drawn.data, { from: null, to: 'PRUNED', reason: drawn.data.reason, by }, late)
      }
      case 'SEED_GATE_EVALUATED': {
        const { gate, passed, checks_passed, checks_failed, target_stage, env_id, slot_id } = drawn.data
        const place = placeOf(env_id, slot_id)
        const known = checks_passed.length + checks_failed.length
        const guard = { name: gate, value: known === 0 ? null : checks_passed.length, threshold: known || null, passed }
        if (group.gates.size < MAX_PLACES)
          group.gates.set(`${place.layerId}|${place.seedId}`, { target: target_stage, guard })
        return []
      }
      case 'EPOCH_COMPLETED':
        if (late) return []
        return [...evaluate(envelope, group, drawn.data), ...epochSeeds(envelope, group, drawn.data, refusals)]
      case 'COUNTERFACTUAL_MATRIX_COMPUTED':
        return late ? [] : contributions(envelope, group, drawn.data)
      case 'GOVERNOR_ROLLBACK':
      case 'PERFORMANCE_DEGRADATION':
      case 'REWARD_HACKING_SUSPECTED':
      case 'GRADIENT_ANOMALY':
      case 'GRADIENT_PATHOLOGY_DETECTED':
      case 'NUMERICAL_INSTABILITY_DETECTED':
      case 'PLATEAU_DETECTED':
      case 'DEGRADATION_DETECTED':
      case 'IMPROVEMENT_DETECTED':
      case 'TAMIYO_INITIATED': {
        const { layerId, text, ...alert } = toAlert(drawn, envelope)
        const made = message('PerformanceAlert', envelope, group, '', { layer_id: layerId, ...alert })
        return [{ kind: 'event', message: made, legal: null, text } satisfies LeylineItem]
      }
    }
  }

  return {
    adapt({ envelope, drawn }) {
      if (drawn === null) return { items: [], refusals: [], opaque: true, overtaken: false }
      const group = groupOf(envelope.group_id ?? 'default')
      const refusals: AppError[] = []
      const env = (drawn.data as { readonly env_id?: unknown }).env_id
      const ordered = typeof env === 'number' && drawn.type !== 'TRAINING_STARTED'
      const inner = (drawn.data as { readonly inner_epoch?: unknown }).inner_epoch
      const epoch = envelope.epoch ?? (typeof inner === 'number' ? inner : null)
      const late = ordered && isOvertaken(group, envName(env), epoch, envelope.timestamp)
      const items = draw(drawn, envelope, group, late, refusals)
      return { items, refusals, opaque: false, overtaken: late }
    },
  }
}
