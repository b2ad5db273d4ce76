import { afterEach, expect, test, vi } from 'vitest'
import { ROWS_PER_ASK, seedsOfRows } from '../../../../components/layer/pickRows.ts'
import { spansOf } from '../../../../components/layer/RowOverlay.tsx'
import type { GridPicture } from '../../../../components/layer/gridPicture.ts'
import { LAYER_LIMITS } from '../../../../lib/contracts/httpLayer.ts'

afterEach(() => vi.unstubAllGlobals())

/** Rows 0 and 1 are pinned; then bins of `bin` seeds, whose order is backwards from 999. */
const pictureOf = (bin: number): GridPicture => {
  const rows = 2 + Math.ceil(1_000 / bin)
  const head = { rows, pinned: 2, bin_size: bin, first: 0, count: 1_000, order: 'o1', seed_id: [7, 8] as number[] }
  for (let at = 0; at < 1_000; at += bin) head.seed_id.push(999 - at)
  const seedsOf = (row: number) =>
    row < 2 ? { first: row, count: 1 } : { first: (row - 2) * bin, count: Math.min(bin, 1_000 - (row - 2) * bin) }
  return { head, seedsOf } as unknown as GridPicture
}

const asked: string[] = []
function answer(order = 'o1'): void {
  asked.length = 0
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    const [first = 0, count = 0] = url.split(' ').slice(1).map(Number)
    const seed_id = [7, 8, ...Array.from({ length: count }, (_, n) => 999 - first - n)]
    return Response.json({ order: { id: order }, pinned: 2, rows: { seed_id } })
  })
}
const urlOf = ({ first, count }: { first: number; count: number }) => `rows ${first} ${count}`

test('rows of one seed each need no question', async () => {
  answer()
  expect(await seedsOfRows(pictureOf(1), { from: 1, to: 3 }, urlOf)).toEqual([8, 999, 998])
  expect(asked).toEqual([])
})

test('rows of many seeds are asked for in the order that is shown, in stretches an answer can hold', async () => {
  answer()
  const seeds = await seedsOfRows(pictureOf(50), { from: 0, to: 10 }, urlOf)
  expect(seeds).toEqual([...new Set([7, 8, ...Array.from({ length: 450 }, (_, n) => 999 - n)])])
  expect(asked).toEqual(['rows 0 400', 'rows 400 50'])
  expect(ROWS_PER_ASK).toBe(LAYER_LIMITS.rows)
})

test('when the order is another one by now nothing is picked', async () => {
  answer('o2')
  await expect(seedsOfRows(pictureOf(50), { from: 2, to: 3 }, urlOf)).rejects.toThrow('pick again')
})

test('neighbouring rows are one outline', () => {
  expect(spansOf([0, 1, 2, 5, 7, 8])).toEqual([
    { from: 0, to: 2 },
    { from: 5, to: 5 },
    { from: 7, to: 8 },
  ])
})
