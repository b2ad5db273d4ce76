/*
 * pickRows: from rows of a layer's grid to the seeds in them.
 * In: a picture, a stretch of rows. Out: seed ids; rows of many seeds are asked for in the order that is shown.
 * Invariant: the seeds are those of the order on the screen; when they can not be asked for nothing is picked, and that is thrown.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; docs/ux.md "bulk".
 */
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import { askApi } from '../records/useApi.ts'
import type { GridPicture } from './gridPicture.ts'
import type { RowSpan } from './useRowPick.ts'

/** The most rows one answer tells (LAYER_LIMITS of the contract, which stays out of the page). */
export const ROWS_PER_ASK = 400

/** Writes the address of a stretch of rows. */
export type RowsUrl = (stretch: { readonly first: number; readonly count: number; readonly order: string }) => string

/** Finds the seeds. @throws ApiError */
export async function seedsOfRows(picture: GridPicture, { from, to }: RowSpan, rowsUrl: RowsUrl): Promise<number[]> {
  const { head } = picture
  const ids: number[] = []
  let [first, count] = [-1, 0]
  for (let row = from; row <= Math.min(to, head.rows - 1); row++) {
    const place = picture.seedsOf(row)
    const seedId = head.seed_id[row]
    if (row < head.pinned || place.count === 1) {
      if (seedId !== undefined) ids.push(seedId)
      continue
    }
    if (first < 0) first = place.first
    count = place.first + place.count - first
  }
  for (let at = 0; at < count; at += ROWS_PER_ASK) {
    const stretch = { first: first + at, count: Math.min(ROWS_PER_ASK, count - at), order: head.order }
    const answer = await askApi<LayerRows>(rowsUrl(stretch))
    if (answer.order.id !== head.order) throw new Error('the order changed meanwhile: pick again')
    // The pinned ones come first in every answer.
    ids.push(...answer.rows.seed_id.slice(answer.pinned))
  }
  return [...new Set(ids)]
}
