/*
 * commandPlane: the command plane put together: from who asks to what the gateway signs, and back.
 * In: records, audit, gateway, what is known of the network. Out: the functions of the routes and of /ops, and their stop.
 * Invariant: it only wires; what was open when the server ended is looked at before anything new is taken.
 * Source: docs/architecture.md "command flow"; docs/commands.md.
 */
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'
import type { LayerReader } from '../state/layerReader.ts'
import type { LivesBook } from '../state/livesBook.ts'
import type { RunBook } from '../state/runBook.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { createArmTokens } from './armTokens.ts'
import { BUDGET, createBudgetBook } from './blastBudget.ts'
import { createBulkRuns } from './bulkRuns.ts'
import type { Operator } from './caller.ts'
import { touchedSeeds, watchAftermath } from './commandAftermath.ts'
import { createCommandBook, type CommandBook } from './commandBook.ts'
import { createCommandDispatch } from './commandDispatch.ts'
import { createCommandIds } from './commandId.ts'
import { createCommandLaunch } from './commandLaunch.ts'
import { toOrder } from './commandOrder.ts'
import { createCommandPreviewer, type CommandPreviewer } from './commandPreviewer.ts'
import { createCommandService, type CommandService } from './commandService.ts'
import { createCommandStore } from './commandStore.ts'
import { openControlDesk, type ControlDesk } from './controlToken.ts'
import { createGatewayDesk, type GatewayDesk } from './gatewayDesk.ts'
import { createIdempotency } from './idempotency.ts'
import { createNetworkView, type NetworkView } from './networkView.ts'
import { createRateLimit, type RateLimit } from './rateLimit.ts'
import { resumeChecks } from './resumeChecks.ts'
import { createResumeService, type ResumeService } from './resumeService.ts'
import { createRunControl } from './runControl.ts'
import { cancelQueued, keepStop, tellStopEnd } from './stopAftermath.ts'
import { createStopService, type StopService } from './stopService.ts'
import type { BulkRequest } from '../../lib/contracts/httpCommands.ts'

export interface CommandPlaneOptions {
  readonly clock: Clock
  readonly records: Records
  readonly audit: AuditLog
  readonly gateway: GatewayClient
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly lives: Pick<LivesBook, 'ofSeed'>
  readonly bus: () => { readonly state: string; readonly cause: string | null }
  readonly environment: 'DEMO' | 'PROD' | 'STAGING'
  /** Seeds one command may change. */
  readonly quota: number
  /** Whether who is named so may still act: asked again before what waited is sent. */
  readonly mayAct: (actor: string) => Promise<boolean>
  readonly onProblem: (text: string) => void
  /** Instead of what the run book knows. */
  readonly network?: NetworkView
}

export interface CommandPlane {
  readonly commands: CommandService
  readonly previewer: CommandPreviewer
  readonly stops: StopService
  readonly resumes: ResumeService
  readonly control: ControlDesk
  readonly network: NetworkView
  readonly book: CommandBook
  readonly desk: GatewayDesk
  readonly rate: RateLimit
  readonly previews: RateLimit
  readonly budgetOf: () => ReturnType<ReturnType<typeof createBudgetBook>['weigh']>
  readonly environment: CommandPlaneOptions['environment']
  readonly quota: number
  bulk(id: string, request: BulkRequest, caller: Operator): Promise<void>
  onRecords(records: readonly LiveRecord[]): void
  /** Opens the line to the gateway. */
  start(): void
  stop(): Promise<void>
}

const COMMANDS_PER_MINUTE = 60
const PREVIEWS_PER_MINUTE = 600
const KEY_KEPT_MS = 2 * 86_400_000
const HOUR_MS = 3_600_000

/** Opens the command plane and settles what a run before this one left open. @throws STATE_STORAGE */
export async function createCommandPlane(options: CommandPlaneOptions): Promise<CommandPlane> {
  const { clock, records, audit, gateway, onProblem } = options
  const newId = createCommandIds(clock)
  const store = createCommandStore(records)
  const book = createCommandBook({ store, clock, onProblem })
  const network = options.network ?? createNetworkView(options)
  const budget = createBudgetBook(clock)
  const arms = createArmTokens(clock)
  const idempotency = createIdempotency(store)
  const rate = createRateLimit(clock, COMMANDS_PER_MINUTE, 'commands')
  const previews = createRateLimit(clock, PREVIEWS_PER_MINUTE, 'previews')
  const control = await openControlDesk({ records, audit, clock })
  const desk = createGatewayDesk({ gateway, clock })
  const aftermath = watchAftermath({ book, clock, network, budget, audit, onProblem })

  const dispatch = createCommandDispatch({
    book,
    clock,
    gateway,
    network,
    toOrder: (command) => toOrder(command, audit.checkpoint()),
    onProblem,
  })
  const bulk = createBulkRuns({ book, store, clock, network, audit, newId, issue: (id) => dispatch.issue(id) })
  const stops = createStopService({
    clock,
    newId,
    gateway,
    audit,
    cancelQueued: (inScope, by) => cancelQueued(book, bulk, inScope, by),
    keep: async (stop, caller) => {
      await keepStop(book, stop, caller)
      // It may have ended while it was written down.
      const now = stops.inForce().find(({ id }) => id === stop.id)
      if (now !== undefined) tellStopEnd(book, now)
    },
    recordOf: (id) => book.find(id),
    onProblem,
  })
  stops.onChange((stop) => tellStopEnd(book, stop))
  const runControl = createRunControl({ book, clock, network, gateway, stops, newId })
  const previewer = createCommandPreviewer({
    clock,
    network,
    budget,
    arms,
    store,
    control,
    lives: options.lives,
    environment: options.environment,
    quota: options.quota,
    halted: (layerId) => stops.halted(layerId),
    againstRun: (action) => runControl.against(action),
  })
  const SERVER_CALLER: Operator = {
    actor: control.holder() ?? 'server',
    session: 'server',
    via: 'api',
    permissions: [],
    audit: { id: 'system', roles: ['system'], method: 'system' },
  }
  const launch = createCommandLaunch({
    book,
    clock,
    network,
    carriers: {
      single: (id) => dispatch.issue(id),
      bulk: (id) => bulk.run(id),
      RunControl: (id) => runControl.run(id),
      Resume: (id) => resumes.run(id),
    },
    against: (draft) => previewer.evaluateOne(draft, SERVER_CALLER).reasons[0] ?? null,
    mayAct: options.mayAct,
    onProblem,
  })
  const resumes: ResumeService = createResumeService({
    book,
    clock,
    newId,
    audit,
    gateway,
    stops,
    idempotency,
    rate,
    launch: () => launch,
    checks: (confirmed) =>
      resumeChecks(
        {
          layers: network.layers(),
          presence: (layerId) => desk.presence(layerId),
          nowMs: clock.wallMs(),
          gateway: desk.state(),
          readiness: desk.readiness(),
          bus: options.bus(),
          unknown: commands.openCounts().unknown,
        },
        confirmed,
      ),
  })
  const commands = createCommandService({
    book,
    store,
    clock,
    newId,
    audit,
    previewer,
    arms,
    budget,
    control,
    idempotency,
    rate,
    launch,
    dispatch,
  })

  // What a run before this one left open: nothing of it is executed again.
  const open = await store.open()
  book.load(open)
  stops.adoptPauses(
    open.filter(({ type, body }) => type === 'RunControl' && body['action'] === 'pause').map(({ id }) => id),
  )
  for (const command of await store.since(clock.wallMs() - BUDGET.windowMs))
    if (command.layerId !== null && command.attempts > 0)
      budget.spend(command.layerId, touchedSeeds(command), command.createdMs)
  aftermath.adopt(await store.ungraded(clock.wallMs() - KEY_KEPT_MS))
  await bulk.adopt(open)
  launch.adopt(open)
  dispatch.adopt(open)

  desk.onUp(() => {
    dispatch.onGatewayUp()
    resumes.onGatewayUp()
  })
  desk.onEvent((event) => {
    switch (event.kind) {
      case 'command':
        return dispatch.onGatewayCommand(event.command)
      case 'outcome':
        return dispatch.onOutcome(event.outcome)
      case 'stop':
        stops.onGatewayStop(event.stop)
        return runControl.onGatewayStop(event.stop)
      case 'resume':
        resumes.onGatewayResume(event.resume)
        return runControl.onGatewayResume(event.resume)
      case 'status':
        for (const stop of event.status.stops) {
          stops.onGatewayStop(stop)
          runControl.onGatewayStop(stop)
        }
        return
      case 'readiness':
      case 'reset':
      case 'idle':
    }
  })
  const forget = (): void =>
    void store.forgetKeys(clock.wallMs() - KEY_KEPT_MS).catch((error: unknown) => onProblem(String(error)))
  const undoForget = clock.every(HOUR_MS, forget)

  return {
    commands,
    previewer,
    stops,
    resumes,
    control,
    network,
    book,
    desk,
    rate,
    previews,
    budgetOf: () => budget.weigh(network.sizes(), new Map()),
    environment: options.environment,
    quota: options.quota,
    bulk: (id, request, caller) => bulk.act(id, request, caller),
    onRecords(list) {
      const transitions = list.filter((record) => record.kind === 'transition')
      if (transitions.length > 0) dispatch.onTransitions(transitions)
    },
    start: () => desk.start(),
    async stop() {
      undoForget()
      desk.stop()
      launch.stop()
      dispatch.stop()
      bulk.stop()
      runControl.stop()
      aftermath.stop()
      await book.stop()
    },
  }
}
