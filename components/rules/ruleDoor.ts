/*
 * ruleDoor: rules over HTTP: save from a version, delete, take over, try on the kept past.
 * In: drafts, versions. Out: what the server answered. @throws ApiError with its words
 * Invariant: a save names the version it was made from, so that nobody's change is overwritten unseen; a trial saves nothing.
 * Source: docs/alerts.md "rules"; docs/protocol.md "alerts".
 */
import type { AlertRule, RuleDraft } from '../../lib/contracts/alerts.ts'
import type { RuleBacktest, RuleImported, RuleList } from '../../lib/contracts/httpRules.ts'
import { askApi } from '../records/useApi.ts'

const RULES = '/api/rules'
const ruleUrl = (id: string): string => `${RULES}/${encodeURIComponent(id)}`

/** Saves over `version`, or makes a new rule when there is none. */
export function saveRule(draft: RuleDraft, version: number | null): Promise<AlertRule> {
  return version === null
    ? askApi<AlertRule>(RULES, { method: 'POST', body: draft })
    : askApi<AlertRule>(ruleUrl(draft.id), {
        method: 'PUT',
        body: { ...draft, version },
        headers: { 'if-match': String(version) },
      })
}

export function deleteRule(id: string, version: number): Promise<RuleList> {
  return askApi<RuleList>(`${ruleUrl(id)}?version=${version}`, { method: 'DELETE' })
}

/** Asks to delete an own rule: another person does it. */
export function askDeletion(id: string, version: number, reason: string): Promise<RuleList> {
  return askApi<RuleList>(`${ruleUrl(id)}/deletion`, { method: 'POST', body: { version, reason } })
}

export function withdrawDeletion(id: string): Promise<RuleList> {
  return askApi<RuleList>(`${ruleUrl(id)}/deletion`, { method: 'DELETE' })
}

export const versionsUrl = (id: string): string => `${ruleUrl(id)}/versions`

export function importRules(
  rules: readonly unknown[],
  mode: 'merge' | 'replace',
  dryRun: boolean,
): Promise<RuleImported> {
  return askApi<RuleImported>(`${RULES}/import`, { method: 'POST', body: { rules, mode, dry_run: dryRun } })
}

export function tryRule(rule: RuleDraft, hours: number, run: string | null): Promise<RuleBacktest> {
  return askApi<RuleBacktest>(`${RULES}/backtest`, {
    method: 'POST',
    body: { rule, hours, ...(run === null ? {} : { run }) },
  })
}
