/*
 * scoreRules: precision and recall of rules over labelled runs, and the table of it.
 * In: per run what had to be raised, what may follow, what was raised and when. Out: counts per rule, lines of a table.
 * Invariant: pure; what never had to be raised has no recall and what was never raised no precision: that is said, and is neither 0 nor 1.
 * Source: docs/alerts.md "measured".
 */
export interface ScoredRun {
  readonly must: readonly string[]
  readonly may: readonly string[]
  /** When its fault began, ms; null: nothing is wrong with it. */
  readonly faultMs: number | null
  readonly raises: readonly { readonly rule: string; readonly atMs: number }[]
}

export interface RuleScore {
  readonly rule: string
  /** Runs, not raises. */
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
  /** Runs in which it followed from the fault, as was allowed. */
  readonly accepted: number
  readonly precision: number | null
  readonly recall: number | null
  /** From the beginning of the fault to the first raise, median of the runs that were found. */
  readonly delayMs: number | null
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Counts one rule over all runs. A raise before the fault is a false one, whatever the fault is. */
export function scoreRule(rule: string, runs: readonly ScoredRun[]): RuleScore {
  let [truePositives, falsePositives, falseNegatives, trueNegatives, accepted] = [0, 0, 0, 0, 0]
  const delays: number[] = []
  for (const { must, may, faultMs, raises } of runs) {
    const mine = raises.filter((raise) => raise.rule === rule)
    const before = mine.some(({ atMs }) => faultMs === null || atMs < faultMs)
    const after = mine.find(({ atMs }) => faultMs !== null && atMs >= faultMs)
    const wanted = must.includes(rule)
    const allowed = may.includes(rule)
    if (before) falsePositives++
    if (wanted && after !== undefined) {
      truePositives++
      delays.push(after.atMs - faultMs!)
    } else if (wanted) falseNegatives++
    else if (after !== undefined && allowed) accepted++
    else if (after !== undefined && !before) falsePositives++
    else if (!before) trueNegatives++
  }
  return {
    rule,
    truePositives,
    falsePositives,
    falseNegatives,
    trueNegatives,
    accepted,
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, truePositives + falseNegatives),
    delayMs: median(delays),
  }
}

const number = (value: number | null): string => (value === null ? 'no case' : value.toFixed(2))
const seconds = (ms: number | null): string => (ms === null ? 'no case' : `${(ms / 1_000).toFixed(1)} s`)
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

/** The table, as lines of Markdown: one per rule, and the sum. */
export function scoreTable(scores: readonly RuleScore[]): readonly string[] {
  const sum = (read: (score: RuleScore) => number): number => scores.reduce((total, one) => total + read(one), 0)
  const found = sum((one) => one.truePositives)
  const wrong = sum((one) => one.falsePositives)
  const missed = sum((one) => one.falseNegatives)
  const total = [
    'all',
    found,
    wrong,
    missed,
    sum((one) => one.trueNegatives),
    sum((one) => one.accepted),
    number(share(found, found + wrong)),
    number(share(found, found + missed)),
    '',
  ]
  return [
    row(['rule', 'TP', 'FP', 'FN', 'TN', 'accepted', 'precision', 'recall', 'median delay']),
    row(['---', '--:', '--:', '--:', '--:', '--:', '--:', '--:', '--:']),
    ...scores.map((one) =>
      row([
        `\`${one.rule}\``,
        one.truePositives,
        one.falsePositives,
        one.falseNegatives,
        one.trueNegatives,
        one.accepted,
        number(one.precision),
        number(one.recall),
        seconds(one.delayMs),
      ]),
    ),
    row(total),
  ]
}
