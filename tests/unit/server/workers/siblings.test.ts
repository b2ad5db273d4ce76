import { expect, test } from 'vitest'
import type { RecordDraft } from '../../../../server/ingest/ingestMessages.ts'
import { createSiblings, type FromRunner, tellRunner } from '../../../../server/workers/siblings.ts'
import { createManualClock } from '../../../support/manualClock.ts'

function setUp(names: readonly string[]) {
  let hear: (message: unknown) => void = () => undefined
  const records: RecordDraft[] = []
  const siblings = createSiblings({
    names,
    clock: createManualClock(),
    channel: { on: (_, listener) => (hear = listener) },
    onRecord: (record) => records.push(record),
  })
  return { siblings, records, say: (message: FromRunner) => hear(message) }
}

test('without a trainer beside it a server leaves the trainer to its own threads', () => {
  expect(setUp([]).siblings.trainerState()).toBeNull()
  expect(setUp(['gateway']).siblings.trainerState()).toBeNull()
})

test('a process that ended is an incident at once and a cause until it runs again', () => {
  const { siblings, records, say } = setUp(['trainer', 'gateway'])
  say({ kind: 'process', name: 'gateway', state: 'restarting', cause: 'killed by SIGKILL' })
  expect(records).toMatchObject([
    { code: 'PART_RESTART', text: expect.stringContaining('The gateway process ended') as string },
  ])
  expect(siblings.causes()).toEqual([{ code: 'PART_DOWN', text: 'the gateway process: killed by SIGKILL' }])
  say({ kind: 'process', name: 'gateway', state: 'running', cause: null })
  expect(siblings.causes()).toEqual([])
})

test('the trainer tells its state, its causes and its incidents; once it is gone its last words count no more', () => {
  const { siblings, records, say } = setUp(['trainer'])
  expect(siblings.trainerState()).toBe('running')
  const causes = [{ code: 'SOURCE_OUTAGE', text: 'refused' }]
  say({ kind: 'told', name: 'trainer', said: { kind: 'status', trainer: 'restarting', causes } })
  expect(siblings.trainerState()).toBe('restarting')
  expect(siblings.causes()).toEqual(causes)
  const record = { kind: 'incident', code: 'SOURCE_OUTAGE' } as RecordDraft
  say({ kind: 'told', name: 'trainer', said: { kind: 'record', record } })
  expect(records).toEqual([record])
  say({ kind: 'process', name: 'trainer', state: 'failed', cause: 'exit code 1' })
  expect(siblings.trainerState()).toBe('failed')
  expect(siblings.causes().map(({ code }) => code)).toEqual(['PART_DOWN'])
})

test('a process without a runner tells nobody', () => {
  expect(() => tellRunner({ on: () => undefined }, { kind: 'ready' })).not.toThrow()
  const sent: unknown[] = []
  tellRunner({ on: () => undefined, send: (message) => sent.push(message) }, { kind: 'ready' })
  expect(sent).toEqual([{ kind: 'ready' }])
})
