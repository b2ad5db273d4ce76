/*
 * openAlerts: everything about alerts, put together: engine, acts, answers, word to the pages.
 * In: records, audit trail, what is known of bus, runs and commands. Out: the functions of the handle, what the ingest tells it.
 * Invariant: it only wires; it starts with what the disk has and ends with everything written.
 * Source: docs/architecture.md "rooms"; docs/alerts.md.
 */
import type { AlertsChanged, AlertSummary } from '../../lib/contracts/httpAlerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { Config } from '../config.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import { createAlertsApi, createAlertSummary, createItemMaker } from '../http/apiAlerts.ts'
import type { RunBook } from '../state/runBook.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { createAlertEngine, type AlertEngine } from './alertEngine.ts'
import type { AlertsHandle } from './alertsHandle.ts'
import { createAlertService } from './alertService.ts'
import type { WatchOrder } from './alertSignals.ts'
import { createAlertTeller } from './alertTeller.ts'
import { createBacktestDoor } from './backtestDoor.ts'
import { createDelivery, type Delivery, type Letter } from './delivery.ts'
import type { InstallationReadings } from './installationWatch.ts'
import { createMailer } from './mailer.ts'
import { createNotifier } from './notifier.ts'
import { createWebhook } from './webhook.ts'

export interface AlertsOptions {
  readonly clock: Clock
  readonly records: Records
  readonly audit: AuditLog
  readonly runs: RunBook
  readonly history: Pick<HistoryDesk, 'ask'>
  readonly readings: Omit<InstallationReadings, 'engineAgeMs' | 'broken'>
  readonly onOrder: (order: WatchOrder) => void
  readonly onProblem: (text: string) => void
  readonly send: (changed: AlertsChanged) => void
  readonly channels: Config['alerts']
  /** Where pages are, for links; null where nobody told. */
  readonly publicUrl: string | null
}

export interface Alerts {
  readonly handle: AlertsHandle
  readonly engine: Pick<AlertEngine, 'onSignals' | 'onBeat' | 'order' | 'onChange'>
  readonly summary: () => AlertSummary
  start(): void
  stop(): Promise<void>
}

/** Opens the engine. @throws STATE_STORAGE */
export async function openAlerts(options: AlertsOptions): Promise<Alerts> {
  const { clock, records, audit, runs, onOrder, onProblem, send } = options
  const engine = await createAlertEngine({
    clock,
    records,
    runs,
    readings: { ...options.readings, broken: () => brokenWays() },
    onOrder,
    onProblem,
  })
  const brokenWays = (): { name: string; text: string }[] => {
    const found = [
      { name: 'records', text: engine.store.problem() },
      { name: 'webhook', text: webhook?.broken() ?? null },
      { name: 'email', text: email?.broken() ?? null },
    ]
    return found.flatMap(({ name, text }) => (text === null ? [] : [{ name, text: text.slice(0, 1_000) }]))
  }
  const deliveryOf = (name: string, send: ((letter: Letter) => Promise<void>) | null): Delivery | null =>
    send === null ? null : createDelivery({ name, clock, send, onProblem })
  const { webhook: hook, mail } = options.channels
  const webhook = deliveryOf('webhook', hook === null ? null : createWebhook({ ...hook, clock }))
  const email = deliveryOf('e-mail', mail === null ? null : createMailer(mail))
  const notifier = createNotifier({
    clock,
    channels: { webhook, email },
    ruleOf: (id) => engine.rules.get(id),
    isInhibited: (alarm) => engine.inhibition.isInhibited(alarm),
    publicUrl: options.publicUrl,
  })
  const toItem = createItemMaker({ clock, engine })
  const summary = createAlertSummary({ clock, engine })
  const service = createAlertService({
    clock,
    book: engine.book,
    store: engine.store,
    audit,
    isProtected: (rule) => engine.rules.get(rule)?.protected === true,
    toItem,
    onEscalate: (alarm, to) => notifier.escalate(alarm, to),
  })
  const backtest = createBacktestDoor({ clock, runs, history: options.history })
  const teller = createAlertTeller({
    clock,
    summary,
    isInhibited: (alarm) => engine.inhibition.isInhibited(alarm),
    send,
  })
  const undo = [
    engine.onChange((alarm, events) => {
      teller.changed(alarm, events)
      notifier.changed(alarm, events)
    }),
    engine.onReleased((alarm) => {
      teller.released(alarm)
      notifier.released(alarm)
    }),
    engine.rules.onChange(() => teller.rulesChanged()),
  ]
  const handle = createAlertsApi({
    clock,
    engine,
    service,
    audit,
    backtest,
    channels: () => ({
      webhook: hook === null ? null : new URL(hook.url).host,
      email: mail === null ? null : mail.to.join(', ').slice(0, 300),
    }),
  })
  return {
    handle,
    engine,
    summary,
    start: () => engine.start(),
    async stop() {
      for (const cancel of undo) cancel()
      teller.stop()
      notifier.stop()
      await Promise.all([webhook?.stop(), email?.stop()])
      await engine.stop()
    },
  }
}
