/*
 * apiAlerts: the answers about alerts and rules: lists, one alert, acts, rules and their back-test.
 * In: the engine, validated requests. Out: plain data in the shapes of lib/contracts/httpAlerts.ts.
 * Invariant: a list costs what it shows; counts and groups are of everything open, whatever the filters; a rule changes only from the
 * version its writer saw, and every change is in the audit trail.
 * Source: docs/alerts.md; docs/protocol.md "HTTP".
 */
import { alarmState, type Alarm } from '../../lib/alerts/alarmTypes.ts'
import { draftOf } from '../../lib/alerts/shippedRules.ts'
import { AppError, toProblem } from '../../lib/contracts/appError.ts'
import type { AlertItem, AlertRule, RuleDraft } from '../../lib/contracts/alerts.ts'
import type { AlertEngine as EngineReport, AlertQuery, AlertSummary } from '../../lib/contracts/httpAlerts.ts'
import type { RuleImport, RuleImported, RuleWrite } from '../../lib/contracts/httpRules.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AlertEngine } from '../alerts/alertEngine.ts'
import { liveValue } from '../alerts/alertEvidence.ts'
import type { AlertService } from '../alerts/alertService.ts'
import { searchWords, wordsOf } from '../alerts/alertStore.ts'
import { toAlertGroup, toAlertItem, toHistoryEntry } from '../alerts/alertView.ts'
import type { AlertsHandle } from '../alerts/alertsHandle.ts'
import { createRuleDeletions } from '../alerts/ruleDeletions.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import { toActor, type Subject } from '../operators/subject.ts'

export interface AlertsApiOptions {
  readonly clock: Clock
  readonly engine: AlertEngine
  readonly service: AlertService
  readonly audit: AuditLog
  readonly backtest: AlertsHandle['backtestRule']
  readonly channels: () => { readonly webhook: string | null; readonly email: string | null }
}

const DEFAULT_LIMIT = 100
const GROUPS = 100
const HISTORY = 500
const VERSIONS = 200
const LOAD_MS = 600_000

const notFound = (what: string): AppError => new AppError('STATE_NOT_FOUND', `there is no such ${what}`, { path: 'id' })

function inView(view: AlertQuery['state'], alarm: Alarm): boolean {
  const state = alarmState(alarm)
  switch (view) {
    case 'acked':
      return alarm.acked && state !== 'shelved' && state !== 'out_of_service'
    case 'shelved':
      return state === 'shelved' || state === 'out_of_service'
    case 'silent':
      return alarm.silent
    case 'open':
    case 'history':
    case 'all':
    case undefined:
      return state !== 'shelved' && state !== 'out_of_service'
  }
}

function toFilter(query: AlertQuery): (alarm: Alarm) => boolean {
  const words = searchWords(query.q)
  return (alarm) =>
    inView(query.state, alarm) &&
    (query.severity === undefined || alarm.severity === query.severity) &&
    (query.layer === undefined || alarm.layerId === query.layer) &&
    (query.run === undefined || alarm.runId === query.run) &&
    (query.rule === undefined || alarm.rule === query.rule) &&
    (query.group === undefined || alarm.group === query.group) &&
    words.every((word) => wordsOf(alarm).includes(word))
}

/** Makes items of alarms as they are now. */
export function createItemMaker({
  clock,
  engine,
}: Pick<AlertsApiOptions, 'clock' | 'engine'>): (alarm: Alarm) => AlertItem {
  return (alarm) =>
    toAlertItem(alarm, {
      nowMs: clock.wallMs(),
      policyOf: engine.policyOf,
      inhibitedBy: (one) => engine.inhibition.parentOf(one)?.id ?? null,
      live: (one) => liveValue(one, engine.runOf(one.runId)),
    })
}

/** Whether the engine runs, and the counts of the header. */
export function createAlertSummary({ clock, engine }: Pick<AlertsApiOptions, 'clock' | 'engine'>): () => AlertSummary {
  const report = (): EngineReport => {
    const beat = engine.beat()
    const rules = engine.rules.all()
    const clearSinceMs = engine.book.clearSinceMs()
    const problem = engine.store.problem()
    return {
      last_tick_at: beat === null ? null : new Date(clock.wallMs() - engine.ageMs()).toISOString(),
      age_ms: beat === null ? null : engine.ageMs(),
      rules: rules.length,
      enabled: rules.filter((rule) => rule.enabled).length,
      ticks: beat?.ticks ?? 0,
      longest_ms: beat?.longestMs ?? null,
      mean_ms: beat?.meanMs ?? null,
      clear_since: clearSinceMs === null ? null : new Date(clearSinceMs).toISOString(),
      folded: engine.book.folded(),
      inhibited: engine.inhibition.count(),
      limits: [...(problem === null ? [] : [problem.slice(0, 300)]), ...(beat?.limits ?? [])].slice(0, 32),
    }
  }
  return () => ({ counts: { ...engine.book.groups.counts() }, engine: report() })
}

/** Creates the functions of the routes. */
export function createAlertsApi(options: AlertsApiOptions): AlertsHandle {
  const { clock, engine, service, audit, backtest, channels } = options
  const { book, rules, store } = engine
  const toItem = createItemMaker(options)
  const deletions = createRuleDeletions(clock)
  const summary = createAlertSummary(options)
  const groupText = (rule: string): string => rules.get(rule)?.title ?? rule

  const ruleList: AlertsHandle['rules'] = () => {
    const { webhook, email } = channels()
    return {
      version: rules.version(),
      rules: [...rules.all()],
      deletions: [...deletions.list()],
      channels: {
        webhook: { configured: webhook !== null, address: webhook },
        email: { configured: email !== null, address: email },
      },
    }
  }

  /** Every change of a rule, done or denied, with what it became. */
  const audited = async <T>(
    action: string,
    id: string,
    subject: Subject,
    params: unknown,
    work: () => Promise<T>,
  ): Promise<T> => {
    const entry = { actor: toActor(subject), action, object: { type: 'alert-rule', id }, params }
    await audit.append({ ...entry, outcome: 'intent' })
    try {
      const value = await work()
      await audit.append({ ...entry, outcome: 'done', result: value })
      return value
    } catch (error) {
      await audit.append({ ...entry, outcome: 'failed', errorCode: toProblem(error).code })
      throw error
    }
  }

  const wantedVersion = (given: number | undefined, ifMatch: string | null): number | undefined => {
    if (given !== undefined || ifMatch === null) return given
    const match = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim())
    if (match === null)
      throw new AppError('CONTRACT_INVALID', 'If-Match is the version of the rule, a number', { path: 'If-Match' })
    return Number(match[1])
  }
  /** @throws STATE_NOT_FOUND, ALERT_PROTECTED */
  const ownRule = (id: string): AlertRule => {
    const rule = rules.get(id)
    if (rule === undefined) throw notFound('rule')
    if (rule.shipped)
      throw new AppError('ALERT_PROTECTED', `${id} ships with the product: switch it off instead`, { path: 'id' })
    return rule
  }
  /** Own rules that a replace leaves out stay until another person deletes them. */
  const takeRules = async (file: RuleImport, subject: Subject): Promise<RuleImported> => {
    const taken = await rules.take(file, subject.name)
    const waiting = new Set(deletions.list().map(({ id }) => id))
    for (const id of taken.removed) {
      const rule = rules.get(id)
      if (rule?.shipped === false && !waiting.has(id))
        deletions.propose(rule, 'not in the import that replaced all', subject)
    }
    return taken
  }
  const toDraft = ({ version: _version, ...draft }: RuleWrite): RuleDraft => draft

  return {
    async alerts(query) {
      const limit = query.limit ?? DEFAULT_LIMIT
      const past = query.state === 'history' || query.state === 'all'
      const { alarms, next } = past
        ? await store.past(query, query.state === 'history', limit)
        : book.open.page(toFilter(query), limit, query.cursor)
      const perWindow = book.raisedWithin(LOAD_MS)
      const operators = service.operators()
      return {
        alerts: alarms.map((alarm) => toItem(book.byId(alarm.id) ?? alarm)),
        groups: book.groups.list(GROUPS).map((group) => toAlertGroup(group, groupText(group.rule))),
        next,
        load: { per_10_min: perWindow, operators, raised_per_operator: perWindow / operators },
        ...summary(),
      }
    },
    async alert(id) {
      const alarm = book.byId(id) ?? (await store.get(id))
      if (alarm === null) throw notFound('alert')
      return { ...toItem(alarm), history: (await store.history(id, HISTORY)).map(toHistoryEntry) }
    },
    actOnAlert: (name, id, request, subject) => service.act(name, id, request, subject),
    ackAlertGroup: (request, subject) => service.ackGroup(request, subject),
    alertSummary: summary,
    rules: ruleList,
    rule(id) {
      const rule = rules.get(id)
      if (rule === undefined) throw notFound('rule')
      return rule
    },
    createRule: (write, subject) =>
      audited('rule.create', write.id, subject, draftOf(toDraft(write)), () =>
        rules.create(toDraft(write), subject.name),
      ),
    changeRule(id, write, ifMatch, subject) {
      const version = wantedVersion(write.version, ifMatch)
      return audited('rule.change', id, subject, { version, ...draftOf(toDraft(write)) }, () =>
        rules.change(id, toDraft(write), version, subject.name),
      )
    },
    async deleteRule(id, given, ifMatch, subject) {
      const version = wantedVersion(given, ifMatch)
      await audited('rule.delete', id, subject, { version }, async () => {
        const rule = rules.get(id)
        // What ships goes back to how it ships: nothing stops being watched for that.
        if (rule?.shipped === false && rule.version === version) deletions.check(rule, subject)
        await rules.remove(id, version, subject.name)
        deletions.withdraw(id)
      })
      return ruleList()
    },
    async askRuleDeletion(id, { version, reason }, subject) {
      await audited('rule.delete-ask', id, subject, { version, reason }, () => {
        const rule = ownRule(id)
        if (rule.version !== version)
          throw new AppError('STATE_CONFLICT', `version ${rule.version} was written meanwhile: ${rule.change}`, {
            path: 'version',
          })
        return Promise.resolve(deletions.propose(rule, reason, subject))
      })
      return ruleList()
    },
    async withdrawRuleDeletion(id, subject) {
      await audited('rule.delete-withdraw', id, subject, {}, () => Promise.resolve(deletions.withdraw(id)))
      return ruleList()
    },
    async ruleVersions(id) {
      const { rules: versions, more } = await rules.versions(id, VERSIONS)
      return { id, current: rules.get(id)?.version ?? null, versions: [...versions], more }
    },
    revertRule: (id, { version, to }, subject) =>
      audited('rule.revert', id, subject, { version, to }, () => rules.revert(id, to, version, subject.name)),
    exportRules: () => ({
      format: 'morphoscope.alert-rules',
      format_version: 1,
      exported_at: new Date(clock.wallMs()).toISOString(),
      rules: [...rules.all()],
    }),
    importRules: (file, subject) =>
      file.dry_run
        ? rules.take(file, subject.name)
        : audited('rule.imported', 'rules', subject, { mode: file.mode, ids: file.rules.map((rule) => rule.id) }, () =>
            takeRules(file, subject),
          ),
    backtestRule: backtest,
  }
}
