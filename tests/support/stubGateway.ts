/*
 * stubGateway: a gateway whose every answer a test decides: takes orders, keeps quiet, answers late, is away, forgets.
 * In: what the test lets it do. Out: GatewayClient; the orders and stops it got.
 * Invariant: idempotent by id as the real one: a second order of one id is counted and changes nothing.
 * Source: docs/protocol.md "gateway control API".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type {
  GatewayCommand,
  GatewayEvent,
  GatewayOrder,
  GatewayStopState,
} from '../../lib/contracts/gatewayControl.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { FollowOptions, GatewayClient } from '../../server/gateway/gatewayClient.ts'

export interface StubGateway extends GatewayClient {
  readonly orders: GatewayOrder[]
  readonly stops: string[]
  readonly resumes: string[]
  mode: 'up' | 'down' | 'hangs'
  /** What it knows of an id. */
  readonly known: Map<string, GatewayCommand>
  /** Settles a command and tells it, as the real one does. */
  settle(id: string, kind: 'applied' | 'rejected' | 'failed', text?: string): void
  tell(event: GatewayEvent): void
  line(up: boolean): void
}

export const outcomeOf = (id: string, kind: 'applied' | 'rejected' | 'failed', text = ''): CommandOutcome =>
  ({
    message_id: '01a21970-0000-7000-8000-000000000000',
    timestamp: 1,
    source: 'layer',
    version: '2.0',
    message_type: 'CommandOutcome',
    metadata: {},
    command_id: id,
    command_type: 'LifecycleTransitionCommand',
    kind,
    text,
    details: {},
    execution_time_ms: 1,
    ...(kind === 'applied' ? {} : { code: 'COMMAND_GUARD' }),
  }) as CommandOutcome

/** `before`: the same gateway, seen by a server that was started again. */
export function createStubGateway(layers: readonly string[], before?: StubGateway): StubGateway {
  const orders: GatewayOrder[] = before?.orders ?? []
  const stops: string[] = []
  const resumes: string[] = []
  const known = before?.known ?? new Map<string, GatewayCommand>()
  const followers = new Set<FollowOptions>()
  const stopStates = new Map<string, GatewayStopState>()
  const never = new Promise<never>(() => undefined)

  const through = <T>(answer: () => T): Promise<T> => {
    if (gateway.mode === 'down')
      return Promise.reject(new AppError('GATEWAY_UNAVAILABLE', 'the gateway can not be reached'))
    return gateway.mode === 'hangs' ? never : Promise.resolve().then(answer)
  }
  const missing = () => new AppError('STATE_NOT_FOUND', 'not known', { path: 'id' })
  const find = <T>(map: Map<string, T>, id: string): T => {
    const found = map.get(id)
    if (found === undefined) throw missing()
    return found
  }

  const gateway: StubGateway = {
    orders,
    stops,
    resumes,
    mode: 'up',
    known,
    command: (order) =>
      through(() => {
        orders.push(order)
        const same = known.get(order.id)
        if (same !== undefined) return same
        const taken: GatewayCommand = {
          id: order.id,
          type: order.command.message_type,
          layer_id: order.command.layer_id,
          state: 'taken',
          foreign: false,
          gateway_epoch: 1,
          seq: 1,
          stages: [],
          outcome: null,
          text: '',
        }
        known.set(order.id, taken)
        return taken
      }),
    commandState: (id) => through(() => find(known, id)),
    stop: ({ id, scope, issued_by, reason = '' }) =>
      through(() => {
        stops.push(id)
        const state: GatewayStopState = {
          id,
          stop_epoch: stops.length,
          scope,
          issued_by,
          reason,
          at_ms: 1,
          origin: 'asked',
          layers: (scope === 'all' ? layers : scope).map((layer_id) => ({
            layer_id,
            state: 'applied',
            sent_ms: 1,
            accepted_ms: 2,
            applied_ms: 3,
            verified_ms: null,
            path: 'socket',
            resends: 0,
            took_ms: 2,
            text: '',
          })),
          applied: scope === 'all' ? layers.length : scope.length,
          missing: 0,
          worst_ms: 2,
          warnings: [],
          resumed_ms: null,
        }
        stopStates.set(id, state)
        return state
      }),
    stopState: (id) => through(() => find(stopStates, id)),
    resume: ({ id, stop_id }) =>
      through(() => {
        resumes.push(id)
        return {
          id,
          stop_id,
          state: 'running',
          wave: 0,
          waves: layers.map((layer) => [layer]),
          resumed: [],
          health: null,
          text: '',
        }
      }),
    resumeState: () => Promise.reject(missing()),
    readiness: () => Promise.reject(missing()),
    status: () => Promise.reject(missing()),
    follow(options) {
      followers.add(options)
      options.onLine?.({ up: true, error: null })
      return () => void followers.delete(options)
    },
    settle(id, kind, text = '') {
      const command: GatewayCommand = { ...known.get(id)!, state: 'settled', outcome: outcomeOf(id, kind, text) }
      known.set(id, command)
      gateway.tell({ kind: 'command', epoch: 1, offset: 1, at_ms: 1, command })
    },
    tell(event) {
      for (const follower of followers) follower.onEvent(event)
    },
    line(up) {
      for (const follower of followers) follower.onLine?.({ up, error: null })
    },
  }
  return gateway
}
