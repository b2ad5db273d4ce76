/*
 * opsNamespace: `/ops`: commands and their acknowledgements; what HTTP does, on an open line, and word of every change.
 * In: client events, changes of commands, stops, control. Out: answers, records, matrices, the status once a second.
 * Invariant: the same functions and the same guards as over HTTP; every event is answered once; a slow page skips statuses, never records.
 * Source: docs/protocol.md "Socket.IO"; docs/commands.md.
 */
import type { Server } from 'socket.io'
import type { AlertsChanged, AlertSummary } from '../../lib/contracts/httpAlerts.ts'
import type { CommandRecord, OpsStatus } from '../../lib/contracts/httpCommands.ts'
import type { StopMatrix } from '../../lib/contracts/httpStops.ts'
import { OPS_EVENT_SCHEMAS, OPS_EVENTS_PER_SECOND, type OpsHelloAnswer } from '../../lib/contracts/opsEvents.ts'
import { OPS_NAMESPACE } from '../../lib/contracts/socketNames.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { OperatorsHandle } from '../operators/operatorsHandle.ts'
import { callerOf } from '../http/apiOperators.ts'
import type { Logger } from '../logger.ts'
import type { Operator } from '../operators/caller.ts'
import type { CommandPlane } from '../operators/commandPlane.ts'
import { toMatrix } from '../operators/stopMatrix.ts'
import { toRecord } from '../operators/storedCommand.ts'
import { bindHandlers, type EventSocket } from './bindHandlers.ts'
import { guardNamespace, type NamespaceGuard } from './guardNamespace.ts'

export interface OpsNamespaceOptions {
  readonly io: unknown
  readonly clock: Clock
  readonly logger: Logger
  readonly operators: OperatorsHandle
  readonly guard: NamespaceGuard
  readonly alerts: () => AlertSummary
}

export interface OpsNamespace {
  command(record: CommandRecord): void
  stop(matrix: StopMatrix): void
  alerts(changed: AlertsChanged): void
  /** Something of the status changed: told soon, and not more often than a page can use. */
  changed(): void
  close(): void
}

const STATUS_MS = 1_000
/** Changes that come together are one status. */
const GATHER_MS = 50
const GREETED = 'greeted'
const UNLIMITED: ReadonlySet<string> = new Set(['stop'])

/** Opens the namespace. */
export function createOpsNamespace({ io, clock, logger, operators, guard, alerts }: OpsNamespaceOptions): OpsNamespace {
  // The server is typed by the events of /live; this namespace has its own.
  const nsp = (io as Server).of(OPS_NAMESPACE)
  const entry = guardNamespace(nsp, guard)
  const callers = new Map<string, () => Operator | null>()
  let gathering: (() => void) | null = null

  const tellStatus = (): void => {
    for (const [id, caller] of callers) {
      const now = caller()
      if (now === null) continue
      const status: OpsStatus = operators.status(now)
      nsp.to(id).volatile.emit('status', status)
    }
  }
  const changed = (): void => {
    gathering ??= clock.after(GATHER_MS, () => {
      gathering = null
      tellStatus()
    })
  }
  const undo = clock.every(STATUS_MS, tellStatus)

  nsp.on('connection', (socket) => {
    const door = entry.of(socket)
    const caller = (): Operator => {
      const subject = door.subject()
      if (subject === null) throw new Error('the session ended')
      return callerOf(subject, 'web')
    }
    socket.on('disconnect', () => callers.delete(socket.id))
    bindHandlers({
      socket: socket as unknown as EventSocket,
      table: OPS_EVENT_SCHEMAS,
      ...door,
      clock,
      logger,
      eventsPerSecond: OPS_EVENTS_PER_SECOND,
      unlimited: UNLIMITED,
      handlers: {
        hello: (): OpsHelloAnswer => {
          // From this turn on every change is told: nothing falls between the answer and the first of them.
          void socket.join(GREETED)
          callers.set(socket.id, () => {
            const subject = door.subject()
            return subject === null ? null : callerOf(subject, 'web')
          })
          return {
            status: operators.status(caller()),
            open: operators.openCommands(),
            stops: operators.liveStops(),
            alerts: alerts(),
          }
        },
        preview: (draft) => operators.preview(draft, caller()),
        choices: ({ layer_id, seed_id, run_id }) => operators.choices(layer_id, seed_id, run_id),
        submit: ({ key, command }) => operators.submit(command, caller(), key),
        approve: ({ id, ...request }) => operators.approve(id, request, caller()),
        cancel: ({ id, ...request }) => operators.cancel(id, request, caller()),
        retry: ({ id, ...request }) => operators.retry(id, request, caller()),
        bulk: ({ id, ...request }) => operators.bulk(id, request, caller()),
        control: (request) => operators.act(request, caller()),
        stop: (request) => operators.stop(request, caller()),
        resume: ({ key, ...request }) => operators.resume(request, caller(), key),
      },
    })
  })

  return {
    command(record) {
      if (callers.size > 0) nsp.to(GREETED).emit('command', record)
      changed()
    },
    stop(matrix) {
      if (callers.size > 0) nsp.to(GREETED).emit('stop', matrix)
      changed()
    },
    alerts(change) {
      if (callers.size > 0) nsp.to(GREETED).emit('alerts', change)
    },
    changed,
    close() {
      undo()
      gathering?.()
    },
  }
}

/** Tells every change of the command plane until the returned undo. */
export function followOperators(operators: CommandPlane, ops: OpsNamespace): () => void {
  const undos = [
    operators.book.onChange((command) => ops.command(toRecord(command))),
    operators.stops.onChange((stop) => ops.stop(toMatrix(stop))),
    operators.control.onChange(() => ops.changed()),
    operators.desk.onUp(() => ops.changed()),
    () => ops.close(),
  ]
  return () => {
    for (const undo of undos) undo()
  }
}
