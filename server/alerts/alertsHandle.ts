/*
 * alertsHandle: what routes may ask about alerts and rules.
 * In: validated requests with their caller. Out: plain data in the shapes of the contract.
 * Invariant: one function per act; each throws what docs/alerts.md names.
 * Source: docs/adr/0002-next-seam.md; docs/alerts.md.
 */
import type { AlertDetail, AlertItem, AlertRule } from '../../lib/contracts/alerts.ts'
import type {
  AlertActRequest,
  AlertList,
  AlertQuery,
  AlertSummary,
  GroupAckAnswer,
  GroupAckRequest,
} from '../../lib/contracts/httpAlerts.ts'
import type {
  RuleBacktest,
  RuleBacktestRequest,
  RuleDeletionRequest,
  RuleRevertRequest,
  RuleVersions,
  RuleExport,
  RuleImport,
  RuleImported,
  RuleList,
  RuleWrite,
} from '../../lib/contracts/httpRules.ts'
import type { Subject } from '../operators/subject.ts'
import type { ActName } from './alertService.ts'

export interface AlertsHandle {
  readonly alerts: (query: AlertQuery) => Promise<AlertList>
  /** @throws STATE_NOT_FOUND */
  readonly alert: (id: string) => Promise<AlertDetail>
  /** @throws STATE_NOT_FOUND, ALERT_CHANGED, ALERT_STATE, ALERT_PROTECTED, GUARD_FORBIDDEN, STATE_STORAGE */
  readonly actOnAlert: (name: ActName, id: string, request: AlertActRequest, subject: Subject) => Promise<AlertItem>
  readonly ackAlertGroup: (request: GroupAckRequest, subject: Subject) => Promise<GroupAckAnswer>
  readonly alertSummary: () => AlertSummary
  readonly rules: () => RuleList
  /** @throws STATE_NOT_FOUND */
  readonly rule: (id: string) => AlertRule
  /** @throws STATE_CONFLICT, ALERT_PROTECTED, STATE_STORAGE */
  readonly createRule: (write: RuleWrite, subject: Subject) => Promise<AlertRule>
  /** @throws STATE_NOT_FOUND, STATE_CONFLICT, ALERT_PROTECTED, CONTRACT_INVALID, STATE_STORAGE */
  readonly changeRule: (id: string, write: RuleWrite, ifMatch: string | null, subject: Subject) => Promise<AlertRule>
  /** @throws as `changeRule`, and COMMAND_APPROVAL when an own rule has no second person */
  readonly deleteRule: (
    id: string,
    version: number | undefined,
    ifMatch: string | null,
    subject: Subject,
  ) => Promise<RuleList>
  /** @throws STATE_NOT_FOUND, STATE_CONFLICT, ALERT_PROTECTED */
  readonly askRuleDeletion: (id: string, request: RuleDeletionRequest, subject: Subject) => Promise<RuleList>
  readonly withdrawRuleDeletion: (id: string, subject: Subject) => Promise<RuleList>
  /** @throws STATE_NOT_FOUND, STATE_STORAGE */
  readonly ruleVersions: (id: string) => Promise<RuleVersions>
  /** @throws STATE_NOT_FOUND, STATE_CONFLICT, ALERT_PROTECTED, STATE_STORAGE */
  readonly revertRule: (id: string, request: RuleRevertRequest, subject: Subject) => Promise<AlertRule>
  readonly exportRules: () => RuleExport
  readonly importRules: (file: RuleImport, subject: Subject) => Promise<RuleImported>
  /** @throws STATE_NOT_FOUND */
  readonly backtestRule: (request: RuleBacktestRequest) => Promise<RuleBacktest>
}
