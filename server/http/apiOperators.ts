/*
 * apiOperators: the answers of the command plane: the same functions behind the routes and behind /ops.
 * In: validated requests and who makes them. Out: plain data in the shapes of the contract.
 * Invariant: a caller is made anew of each request; nothing here decides what the services behind it decide.
 * Source: docs/protocol.md "commands over HTTP".
 */
import type { SeedChoices } from '../../lib/contracts/commandPreview.ts'
import { blueprintReason, edgeReason, isOneWay } from '../../lib/contracts/edgeRules.ts'
import { judgeLevel } from '../../lib/contracts/guardLevels.ts'
import type { CommandRecord, OpsStatus } from '../../lib/contracts/httpCommands.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { OperatorsHandle } from '../operators/operatorsHandle.ts'
import type { Operator } from '../operators/caller.ts'
import type { CommandPlane } from '../operators/commandPlane.ts'
import { toRecord } from '../operators/storedCommand.ts'
import { toMatrix } from '../operators/stopMatrix.ts'
import { toActor, type Subject } from '../operators/subject.ts'

export interface OperatorsApiOptions {
  readonly operators: CommandPlane
  readonly clock: Clock
}

const STRATEGIES = ['linear', 'drift_controlled', 'momentum', 'adaptive', 'stability', 'immediate', 'gradual', 'safe']
const EFFECT_METRICS = ['health_score', 'performance_delta', 'shadow_gain', 'stability_score', 'alpha']

/** Makes the caller of this moment. */
export function callerOf(subject: Subject, via: Operator['via']): Operator {
  return {
    actor: subject.id,
    session: subject.sessionId ?? subject.id,
    via,
    permissions: [...subject.permissions],
    audit: toActor(subject),
  }
}

/** Tells by what somebody asks: a browser says where its request comes from, the command line names itself. */
export function viaOf({
  userAgent,
  site,
}: {
  readonly userAgent: string | null
  readonly site: string | null
}): Operator['via'] {
  if (site !== null) return 'web'
  return userAgent?.startsWith('morphoscope-cli') === true ? 'cli' : 'api'
}

/** Creates the functions. */
export function createOperatorsApi({ operators, clock }: OperatorsApiOptions): OperatorsHandle {
  const { commands, previewer, stops, resumes, control, network, book, desk } = operators

  const status = (caller: Operator): OpsStatus => {
    const inForce = stops.inForce()
    const stop = inForce[0] ?? null
    const halts = inForce.slice(0, 64).map(({ id, scope, atMs, by, reason }) => ({
      id,
      scope: scope === 'all' ? ('all' as const) : [...scope],
      at: new Date(atMs).toISOString(),
      by,
      reason,
    }))
    const problem = book.problem()
    return {
      server_ms: clock.wallMs(),
      environment: operators.environment,
      me: { actor: caller.actor, may: caller.permissions.slice(0, 16) },
      control: control.view(caller.actor),
      open: commands.openCounts(),
      budget: operators.budgetOf(),
      quota: {
        targets: operators.quota,
        per_minute: operators.rate.perMinute,
        left_this_minute: operators.rate.left(caller.actor),
      },
      gateway: desk.state(),
      records: { state: problem === null ? 'up' : 'down', text: problem ?? 'records are written' },
      stop_ready: desk.readiness(),
      halted: halts[0] ?? null,
      halts,
      blocked: [
        ...(stop === null || stop.pause
          ? []
          : [{ code: 'COMMAND_HALTED', text: 'an emergency stop is in force', hint: 'resume first' }]),
        ...(desk.state().state === 'down'
          ? [{ code: 'GATEWAY_UNAVAILABLE', text: desk.state().text, hint: 'commands wait until their time is over' }]
          : []),
        ...(problem === null ? [] : [{ code: 'STATE_STORAGE', text: problem, hint: 'only a stop is taken' }]),
      ],
    }
  }

  const choices: OperatorsHandle['choices'] = (layerId, seedId, runId) => {
    const layer = network.layer(layerId, runId)
    const seed = layer.seed(seedId)
    const halted = stops.halted(layerId)
    const old = !['fresh', 'late'].includes(seed.freshness)
    const blocked = halted
      ? { code: 'COMMAND_HALTED', text: 'an emergency stop is in force on this layer', hint: 'resume first' }
      : old
        ? { code: 'COMMAND_TARGET_STALE', text: `the seed is ${seed.freshness}`, hint: 'wait for fresh telemetry' }
        : null
    const index = layer.metric('blueprint', seedId)
    const { blueprints } = layer.run.descriptor
    const known = seed.state === 'UNKNOWN' ? null : seed.state
    const noBlueprint = known === null ? 'the state of the seed is not known' : blueprintReason(known)
    return {
      run_id: layer.runId,
      layer_id: layerId,
      seed_id: seedId,
      state: seed.state,
      generation: seed.generation,
      freshness: seed.freshness,
      age_ms: seed.ageMs,
      blocked,
      choices: SEED_STATES.map((state): SeedChoices['choices'][number] => {
        const reason = known === null ? 'the state of the seed is not known' : edgeReason(known, state)
        const { level } = judgeLevel('LifecycleTransitionCommand', {
          environment: operators.environment,
          targetStates: [state],
          targets: 1,
          overBudget: false,
          stale: false,
          force: false,
        })
        return { state, legal: reason === '', reason, one_way: isOneWay(state), level }
      }),
      blueprint: {
        legal: noBlueprint === '',
        reason: noBlueprint,
        current: blueprints.find((one) => one.index === index)?.blueprint_id ?? null,
      },
      blueprints: blueprints.map(({ blueprint_id, parameters, note }) => ({ blueprint_id, parameters, note })),
      strategies: STRATEGIES,
      open: book
        .open()
        .filter((command) => command.layerId === layerId && command.seedId === seedId)
        .slice(0, 32)
        .map(({ id, type, state }) => ({ id, type, state })),
      effect_metrics: EFFECT_METRICS,
    }
  }

  return {
    status,
    choices,
    preview(draft, caller) {
      operators.previews.take(caller.actor)
      return previewer.preview(draft, caller)
    },
    submit: (draft, caller, key) => commands.submit(draft, caller, key),
    list: (query) => commands.list(query),
    command: (id) => commands.get(id),
    approve: (id, request, caller) => commands.approve(id, request, caller),
    async cancel(id, request, caller) {
      const record = await commands.get(id)
      // A run over many that is under way is ended by its own stop.
      if (record.bulk === null || record.cancellable) return commands.cancel(id, request, caller)
      await operators.bulk(id, { action: 'stop', reason: request.reason }, caller)
      return commands.get(id)
    },
    retry: (id, request, caller) => commands.retry(id, request, caller),
    async bulk(id, request, caller): Promise<CommandRecord> {
      await operators.bulk(id, request, caller)
      return commands.get(id)
    },
    act: (request, caller) => control.act(request, caller),
    stop: (request, caller) => stops.stop(request, caller),
    stops: () => ({ stops: [...stops.list()].slice(0, 64) }),
    matrix: (id) => stops.matrix(id),
    stopReason: (id, reason, caller) => stops.setReason(id, reason, caller),
    checklist: () => resumes.checklist(),
    resume: (request, caller, key) => resumes.propose(request, caller, key),
    openCommands: () =>
      book
        .open()
        .filter(({ parentId, state }) => parentId === null && !isFinalState(state))
        .toSorted((a, b) => b.createdMs - a.createdMs)
        .slice(0, 200)
        .map(toRecord),
    liveStops: () => stops.inForce().map(toMatrix),
  }
}
