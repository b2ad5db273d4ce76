import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkWords } from '../../../../components/replay/CheckChip.tsx'
import { compareMoment, mirrorChecksum } from '../../../../components/replay/compareMoment.ts'
import { gapWords } from '../../../../components/replay/gapWords.ts'
import { readPace } from '../../../../components/replay/startTravel.ts'
import { replayRefusal, setPastShown } from '../../../../components/ops/presentOnly.ts'
import { submitCommand } from '../../../../components/ops/opsActions.ts'
import type { ReplayState } from '../../../../lib/contracts/httpReplay.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { createLayerMirror, stateByte, type LayerMirror } from '../../../../lib/frames/layerMirror.ts'
import { quantizeColumn } from '../../../../lib/frames/quantize.ts'
import { givenDescriptor, RUN_ID } from '../../lib/live/liveFixture.ts'
import { splitReplayFrames } from '../../../../lib/live/replayFrames.ts'

const ROWS = 3
const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> => {
  const hash = createHash('sha256').update(bytes).digest()
  return new Uint8Array(hash).buffer
}

function givenMirror(health: number): LayerMirror {
  const mirror = createLayerMirror(0, ROWS, SEED_COLUMNS.length, 'exact')
  SEED_COLUMNS.forEach((column, at) => mirror.columns[at]!.fill(column.name === 'state' ? 2 : column.min))
  mirror.columns[SEED_COLUMNS.findIndex((column) => column.name === 'health_score')]![1] = health
  for (let row = 0; row < ROWS; row++) mirror.state[row] = stateByte(mirror.columns[0]![row]!)
  mirror.stateCounts.fill(0)
  mirror.stateCounts[2] = ROWS
  return Object.assign(mirror, { frame: 1, step: 200, tick: 10, sourceFlags: 1 })
}

/** As the recorder makes it: head, then column by column. */
function recorded(mirror: LayerMirror): string {
  const head = new Float64Array([ROWS, SEED_COLUMNS.length, 200, 10, 1])
  const hash = createHash('sha256').update(new Uint8Array(head.buffer))
  const bytes = new Uint8Array(ROWS)
  SEED_COLUMNS.forEach((column, at) => {
    const values = mirror.columns[at]!
    if (column.name === 'state') values.forEach((value, row) => (bytes[row] = stateByte(value)))
    else quantizeColumn(values, column, bytes)
    hash.update(bytes)
  })
  return hash.digest('hex').slice(0, 16)
}

const givenState = (checksum: string | null, change: Partial<ReplayState['layers'][number]> = {}): ReplayState => ({
  run_id: RUN_ID,
  descriptor: givenDescriptor(),
  kept: 'recorded',
  at: '2026-11-26T14:02:11.000Z',
  at_ms: 1_700_000_000_000,
  entry_id: null,
  checksum: checksum === null ? null : 'whole',
  recorded_checksum: 'whole',
  agrees: change.agrees ?? true,
  gaps: [],
  coverage: { from: 0, to: 1 },
  layers: [
    {
      layer_id: 'layer_0',
      frame_version: 10,
      step: 200,
      tick: 10,
      at_ms: 1,
      age_ms: 1,
      entry_id: null,
      total_seeds: ROWS,
      states: { TRAINING: ROWS },
      checksum,
      recorded_checksum: checksum,
      agrees: true,
      problem: null,
      ...change,
    },
  ],
})

describe('the moment that is drawn', () => {
  test('has the checksum of the record when every drawn value is the recorded one', async () => {
    const mirror = givenMirror(0.7)
    expect(await mirrorChecksum(mirror, { step: 200, tick: 10 }, SEED_COLUMNS, digest)).toBe(recorded(mirror))
    const check = await compareMoment(givenState(recorded(mirror)), [mirror], SEED_COLUMNS, digest)
    expect(check).toEqual({ kind: 'agrees', checksum: 'whole', recorded: true, own: true })
  })

  test('differs as soon as one drawn value is another', async () => {
    const check = await compareMoment(givenState(recorded(givenMirror(0.7))), [givenMirror(0.2)], SEED_COLUMNS, digest)
    expect(check).toMatchObject({ kind: 'differs' })
    expect(checkWords(check).short).toBe('MISMATCH')
  })

  test('differs by another tick, other states, or an empty picture, and says which layer', async () => {
    const sum = recorded(givenMirror(0.7))
    const cases = [
      [givenState(sum, { tick: 11 }), givenMirror(0.7)],
      [givenState(sum, { states: { TRAINING: 2, CULLED: 1 } }), givenMirror(0.7)],
      [givenState(sum), createLayerMirror(0, ROWS, SEED_COLUMNS.length, 'exact')],
    ] as const
    for (const [state, mirror] of cases) {
      const check = await compareMoment(state, [mirror], SEED_COLUMNS, digest)
      expect(check.kind).toBe('differs')
      expect(checkWords(check).long).toContain('layer_0')
    }
  })

  test('is not called right when the server itself rebuilt something else than was recorded', async () => {
    const mirror = givenMirror(0.7)
    const state = givenState(recorded(mirror), {
      agrees: false,
      recorded_checksum: 'other',
      problem: 'a block is torn',
    })
    const check = await compareMoment(state, [mirror], SEED_COLUMNS, digest)
    expect(check).toMatchObject({ kind: 'differs', text: expect.stringContaining('a block is torn') })
  })

  test('is not compared where nothing had been recorded, and only by states where the browser has no digest', async () => {
    expect((await compareMoment(givenState(null), [givenMirror(0.7)], SEED_COLUMNS, digest)).kind).toBe('unknown')
    const check = await compareMoment(givenState('any'), [givenMirror(0.7)], SEED_COLUMNS, null)
    expect(check).toMatchObject({ kind: 'agrees', own: false })
    expect(checkWords(check).long).toContain('The states drawn here agree')
  })
})

test('frames of an answer come out in the order of time; one that is cut off is refused', () => {
  const body = new ArrayBuffer(64)
  const view = new DataView(body)
  view.setFloat64(0, 2_000, true)
  view.setUint32(12, 3, true)
  new Uint8Array(body, 16, 3).set([1, 2, 3])
  view.setFloat64(24, 1_000, true)
  view.setUint32(36, 1, true)
  new Uint8Array(body, 40, 1).set([9])
  expect(splitReplayFrames(body, 2).map(({ atMs, bytes }) => [atMs, ...bytes])).toEqual([
    [1_000, 9],
    [2_000, 1, 2, 3],
  ])
  view.setUint32(36, 500, true)
  expect(() => splitReplayFrames(body, 2)).toThrow(/longer than its answer/)
  expect(() => splitReplayFrames(body.slice(0, 20), 2)).toThrow(/replay frames/)
})

test('a pace in an address plays on or back, and anything else stands', () => {
  expect(readPace('16')).toEqual({ speed: 16, reverse: false })
  expect(readPace('-0.5')).toEqual({ speed: 0.5, reverse: true })
  expect(readPace('3')).toEqual({ speed: null, reverse: false })
  expect(readPace(null)).toEqual({ speed: null, reverse: false })
})

test('a gap is said with its cause, its length and what was lost', () => {
  expect(gapWords({ fromMs: 0, toMs: 14_000, cause: 'producer_silent', lost: null })).toBe(
    'the producer was silent for 14 s from 00:00:00 UTC',
  )
  expect(gapWords({ fromMs: 0, toMs: 1_000, cause: 'lost', lost: 1_200 })).toContain('1,200 lost')
})

test('while the past is shown, a command is refused at the door of sending, with the reason', async () => {
  setPastShown(true)
  try {
    expect(replayRefusal()).toContain('Go live')
    const draft = { type: 'LifecycleTransitionCommand' } as never
    await expect(submitCommand(draft, {} as never, 'key')).rejects.toMatchObject({ problem: { code: 'REPLAY' } })
  } finally {
    setPastShown(false)
  }
  expect(replayRefusal()).toBe(null)
})
