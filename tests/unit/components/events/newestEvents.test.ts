import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventText, isUnder, mergedCommands } from '../../../../components/events/eventText.ts'
import { newestEvents, trickle } from '../../../../components/events/newestEvents.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { givenTransition, givenEvaluation } from '../../lib/live/liveFixture.ts'

const command = (offset: number, id: string): LiveRecord => ({
  kind: 'command',
  offset,
  at_ms: offset,
  run_id: null,
  layer_id: 'layer_0',
  seed_id: 0,
  command_id: id,
  command_type: 'LifecycleTransitionCommand',
  outcome: 'applied',
  code: null,
  text: '',
})

const record = (offset: number, kind: number): LiveRecord => {
  if (kind === 0) return givenTransition(offset, { correlation_id: `c${offset % 4}` })
  if (kind === 1) return command(offset, `c${offset % 4}`)
  if (kind === 2) return givenTransition(offset, { legal: false })
  return givenEvaluation(offset, offset * 20, 0.5)
}

test('the newest lines are those that sorting and filtering everything gives, whatever happened and wherever it is held', () => {
  const filters = fc.constantFrom('main', 'all', 'transitions', 'commands', 'trouble')
  const kinds = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.boolean()), { maxLength: 60 })
  fc.assert(
    fc.property(
      kinds,
      filters,
      fc.option(fc.nat(60), { nil: null }),
      fc.integer({ min: 1, max: 20 }),
      (list, filter, heldAt, most) => {
        const events = list.flatMap(([kind, ofRun], at) => (ofRun ? [record(at + 1, kind)] : []))
        const incidents = list.flatMap(([kind, ofRun], at) => (ofRun ? [] : [record(at + 1, kind)]))
        const merged = mergedCommands(events)
        const shown = [...events, ...incidents]
          .filter((one) => one.kind !== 'command' || filter === 'commands' || !merged.has(one.command_id))
          .toSorted((a, b) => b.offset - a.offset)
          .filter((one) => isUnder(filter, eventText(one)))
        const held = heldAt ?? Number.POSITIVE_INFINITY
        const { rows, waiting } = newestEvents(events, incidents, { filter, merged, heldAt, most })
        expect(rows.map((one) => one.offset)).toEqual(
          shown
            .filter((one) => one.offset <= held)
            .slice(0, most)
            .map((one) => one.offset),
        )
        expect(waiting).toBe(shown.filter((one) => one.offset > held).length)
      },
    ),
  )
})

test('new lines come in a few per step until all are there; a burst, and the first look, come at once', () => {
  const rows = [9, 8, 7, 6, 5, 4].map((offset) => record(offset, 0))
  const offsets = (shown: number | null, burst = 12) => {
    const step = trickle(rows, shown, 2, burst)
    return [step.rows.map((row) => row.offset), step.offset]
  }
  expect(offsets(null)).toEqual([[9, 8, 7, 6, 5, 4], 9])
  expect(offsets(4)).toEqual([[6, 5, 4], 6])
  expect(offsets(6)).toEqual([[8, 7, 6, 5, 4], 8])
  expect(offsets(8)).toEqual([[9, 8, 7, 6, 5, 4], 9])
  expect(offsets(4, 3)).toEqual([[9, 8, 7, 6, 5, 4], 9])
  expect(offsets(40)).toEqual([[9, 8, 7, 6, 5, 4], 9])
  expect(trickle([], 4, 2, 12)).toEqual({ rows: [], offset: null })
})
