import { expect, test } from 'vitest'
import { SHIPPED_BY_ID, draftOf } from '../../../../lib/alerts/shippedRules.ts'
import { AppError } from '../../../../lib/contracts/appError.ts'
import type { RuleBacktest } from '../../../../lib/contracts/httpRules.ts'
import { RuleBacktestRequest } from '../../../../lib/contracts/httpRules.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { createBacktestDoor, type BacktestDoorOptions } from '../../../../server/alerts/backtestDoor.ts'
import { appendHistory } from '../../../../server/ingest/frameIngest.ts'
import type { RunAnnouncement } from '../../../../server/ingest/ingestMessages.ts'
import { createRunTable, noteReport } from '../../../../server/ingest/runTable.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { buildRun } from '../runFixture.ts'

const nowMs = 1_700_000_000_000
const clock = { ...systemClock, wallMs: () => nowMs }
const RECORDED = { run_id: 'run-1', source: 'history' } as RuleBacktest

/** A run with some ticks in memory, the oldest `ageS` old, and a record that begins `recordS` ago. */
function givenDoor(ageS: number, recordS: number | null) {
  const runs = createRunBook()
  const announced: RunAnnouncement[] = []
  const table = createRunTable({ historySeconds: 900, onRun: (one) => announced.push(one), onGone: () => undefined })
  const { run } = table.announce(buildRun(), nowMs - ageS * 1_000)
  runs.announce(announced[0]!)
  for (let at = 0; at < 5; at++) {
    run.tables[0]!.begin()
    noteReport(run, 0, nowMs - ageS * 1_000 + at * 100)
    appendHistory(run, 0, nowMs - ageS * 1_000 + at * 100, at)
    run.tables[0]!.end()
  }
  const asked: string[] = []
  let turns = 0
  const ask = (name: string): Promise<unknown> => {
    asked.push(name)
    if (name === 'trial-open') {
      if (recordS === null) return Promise.reject(new AppError('STATE_NOT_FOUND', 'no history of this run is kept'))
      return Promise.resolve({ id: 1, firstMs: nowMs - recordS * 1_000 })
    }
    return Promise.resolve(name === 'trial-next' && ++turns > 2 ? RECORDED : null)
  }
  const door = createBacktestDoor({ clock, runs, history: { ask: ask as BacktestDoorOptions['history']['ask'] } })
  const rule = { id: 'dead_chunk', ...draftOf(SHIPPED_BY_ID.get('dead_chunk')!) }
  const tried = (hours: number, wanted?: string) => door(RuleBacktestRequest.parse({ rule, hours, run: wanted }))
  return { tried, asked }
}

test('a window that memory covers is answered from memory, and nothing is read', async () => {
  const { tried, asked } = givenDoor(600, 3_600)
  expect(await tried(0.1)).toMatchObject({ source: 'memory' })
  expect(asked).toEqual([])
})

test('a window that reaches back further is answered from the record, turn by turn, and the trial is let go', async () => {
  const { tried, asked } = givenDoor(600, 3_600)
  expect(await tried(1)).toBe(RECORDED)
  expect(asked).toEqual(['trial-open', 'trial-next', 'trial-next', 'trial-next', 'trial-close'])
})

test('where the record knows no more, or there is none, memory answers', async () => {
  const same = givenDoor(600, 600)
  expect(await same.tried(1)).toMatchObject({ source: 'memory', coverage: { ticks: 5 } })
  expect(same.asked).toEqual(['trial-open', 'trial-close'])
  expect(await givenDoor(600, null).tried(1)).toMatchObject({ source: 'memory' })
})

test('a run that is only recorded is tried there; one that nobody knows is said', async () => {
  expect(await givenDoor(600, 86_400).tried(1, 'gone')).toBe(RECORDED)
  await expect(givenDoor(600, null).tried(1, 'gone')).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' })
})
