/* columnIndex: where a column stands in a table; by name, -1 when it is not there. Source: seed-design.md 2.2. */
/** Finds a column by name; -1 when the table does not carry it. */
export function columnIndex(columns: readonly { readonly name: string }[], name: string): number {
  return columns.findIndex((column) => column.name === name)
}
