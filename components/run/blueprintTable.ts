/*
 * blueprintTable: how often each blueprint was tried and how its lives ended, from the transitions that are kept.
 * In: transitions oldest first, the blueprints of the run. Out: a row per blueprint that the run knows or that was seen.
 * Invariant: counts, never estimates: a life whose beginning was not seen counts at its end only; a reset after an end is no end.
 * Source: docs/training.md "blueprints"; docs/ux.md "pages: run".
 */
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'

export interface BlueprintRow {
  readonly blueprintId: string
  /** Parameters of one module; null when the run did not say. */
  readonly parameters: number | null
  readonly note: string
  readonly tries: number
  readonly fossilised: number
  readonly culled: number
  readonly cancelled: number
  readonly rolledBack: number
  /** Culled lives by the state they were in. */
  readonly culledFrom: Readonly<Record<string, number>>
}

type Row = { -readonly [K in keyof BlueprintRow]: BlueprintRow[K] }

/** Counts lives by blueprint; rows in the order of the run's own table, unknown ones after it. */
export function countBlueprints(
  records: readonly LiveRecord[],
  blueprints: RunDescriptor['blueprints'],
): readonly BlueprintRow[] {
  const rows = new Map<string, Row>()
  const rowOf = (blueprintId: string): Row => {
    const known = rows.get(blueprintId)
    if (known) return known
    const said = blueprints.find((one) => one.blueprint_id === blueprintId)
    const parameters = said === undefined || said.parameters === 0 ? null : said.parameters
    const row: Row = {
      blueprintId,
      parameters,
      note: said?.note ?? '',
      tries: 0,
      fossilised: 0,
      culled: 0,
      cancelled: 0,
      rolledBack: 0,
      culledFrom: {},
    }
    rows.set(blueprintId, row)
    return row
  }
  for (const { blueprint_id: id } of blueprints) rowOf(id)
  for (const record of records) {
    if (record.kind !== 'transition' || record.blueprint_id === null) continue
    const row = rowOf(record.blueprint_id)
    const { from_state: from, to_state: to } = record
    if (to === 'GERMINATED') row.tries++
    else if (to === 'FOSSILIZED') row.fossilised++
    else if (to === 'CANCELLED') row.cancelled++
    else if (to === 'ROLLED_BACK') row.rolledBack++
    else if (to === 'CULLED') {
      row.culled++
      row.culledFrom = { ...row.culledFrom, [from]: (row.culledFrom[from] ?? 0) + 1 }
    }
  }
  return [...rows.values()]
}
