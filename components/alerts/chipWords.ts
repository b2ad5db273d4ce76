/*
 * chipWords: the state of all alerts in the few words of the header.
 * In: the summary, when it came, whether it is old. Out: counts as text, trouble in words, a sentence for the tooltip.
 * Invariant: unknown is "?"; an engine that stands still is trouble, however few alerts it left behind.
 * Source: docs/ux.md "global frame"; features D18.
 */
import type { AlertSummary } from '../../lib/contracts/httpAlerts.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { engineAgeMs, isEngineOld } from './engineWords.ts'

export interface ChipWords {
  /** Null while nothing is known. */
  readonly critical: string | null
  readonly open: string
  readonly trouble: string | null
  readonly title: string
}

export function chipWords(summary: AlertSummary | null, atMs: number | null, isOld: boolean, nowMs: number): ChipWords {
  if (summary === null || isOld)
    return { critical: null, open: '?', trouble: null, title: 'Whether anything is wrong is not known.' }
  const { counts, engine } = summary
  const age = engineAgeMs(engine, atMs, nowMs)
  const title = `${formatCount(counts.critical)} critical, ${formatCount(counts.unacked)} of ${formatCount(counts.open)} open not acknowledged, ${formatCount(counts.silent)} silent, ${formatCount(counts.shelved)} shelved`
  if (isEngineOld(age))
    return {
      critical: formatCount(counts.critical),
      open: formatCount(counts.open),
      trouble: age === null ? 'engine not run' : `engine ${formatAge(age)}`,
      title: `The alert engine ${age === null ? 'has not run yet' : `last ran ${formatAge(age)} ago`}. ${title}`,
    }
  return { critical: formatCount(counts.critical), open: formatCount(counts.open), trouble: null, title }
}
