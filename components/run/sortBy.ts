/** Sorts by a number or a text; what is not known comes last, whichever way round. */
export function sortBy<T>(rows: readonly T[], of: (row: T) => number | string | null, down: boolean): readonly T[] {
  const turn = down ? -1 : 1
  return rows.toSorted((one, other) => {
    const [a, b] = [of(one), of(other)]
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    if (typeof a === 'string' || typeof b === 'string')
      return turn * String(a).localeCompare(String(b), 'en', { numeric: true })
    return turn * (a - b)
  })
}
