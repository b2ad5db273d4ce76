/*
 * csv: entries as rows of a table that spreadsheets open, where no cell is ever taken for a formula.
 * In: texts and numbers. Out: lines.
 * Invariant: every cell is quoted; a text that begins like a formula stands behind an apostrophe; control characters become blanks.
 * Source: docs/audit.md "export"; reliability 1.3 "log injection".
 */
export const CSV_COLUMNS = [
  'seq',
  'at',
  'actor',
  'action',
  'object_type',
  'object_id',
  'outcome',
  'error_code',
  'layer',
  'seed',
  'level',
  'reason',
  'command_id',
  'correlation_id',
  'approvers',
  'params',
  'hash',
  'prev_hash',
] as const

/** Begins in front of the last line, which seals those before it. */
export const CSV_SEAL = '# '

/** Writes one cell. */
export function csvCell(value: string | number | null): string {
  if (value === null) return '""'
  if (typeof value === 'number') return `"${value}"`
  const plain = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
  // A blank in front does not keep a spreadsheet from seeing the formula behind it.
  const safe = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20|%]/.test(plain) || /^[\t\r]/.test(value) ? `'${plain}` : plain
  return `"${safe.replaceAll('"', '""')}"`
}

/** Writes one line, without its line feed. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return cells.map(csvCell).join(',')
}
