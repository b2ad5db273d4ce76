import { expect, test } from 'vitest'
import { ChangeItem } from '../../../../lib/contracts/httpThreads.ts'
import { rankChanges, type AskedPlace } from '../../../../server/threads/rankChanges.ts'
import { row } from './threadFixture.ts'

const asked: AskedPlace = { runId: 'run-1', layerId: null, seedId: null, atMs: 600_000, beforeMs: 600_000 }
const noise = (atMs: number, more = {}) =>
  row({
    id: `fault ${atMs}`,
    kind: 'fault',
    atMs,
    text: 'fault n injected: 60 % random labels for 600 steps',
    tone: 'warn',
    correlationId: 'fault:n',
    ...more,
  })

test('a fault at work stands before what is nearer and moves less', () => {
  const ranked = rankChanges(
    [
      row({ kind: 'transition', atMs: 599_000, layerId: 'layer_0', seedId: 1 }),
      row({ kind: 'command', atMs: 590_000, layerId: 'layer_0', seedId: 1, correlationId: 'c' }),
      noise(560_000),
    ],
    asked,
  )
  expect(ranked.map(({ kind }) => kind)).toEqual(['fault', 'command', 'transition'])
  expect(ChangeItem.parse(ranked[0])).toMatchObject({
    ongoing: true,
    distance_ms: 0,
    evidence: 'touches this run; it began 40 s before and was still at work',
    thread: 'fault:n',
    link: '/threads/fault%3An',
  })
})

test('a fault that ended before is at the distance of its end, and is told once', () => {
  const end = noise(580_000, { id: 'end', text: 'fault n ended: x', ends: true })
  const [item, ...rest] = rankChanges([noise(560_000), end], asked)
  expect(rest).toEqual([])
  expect(item).toMatchObject({
    ongoing: false,
    distance_ms: 20_000,
    evidence: 'touches this run; it ended 20 s before',
  })
  expect(rankChanges([end], asked)).toHaveLength(1)
})

test('of equal things the one that touches the asked place more stands first', () => {
  const at = { ...asked, layerId: 'layer_0', seedId: 3 }
  const command = (layerId: string | null, seedId: number | null, runId: string | null = 'run-1') =>
    row({ kind: 'command', atMs: 590_000, layerId, seedId, runId })
  const ranked = rankChanges(
    [
      command('layer_1', 3),
      command(null, null, null),
      command('layer_0', null),
      command('layer_0', 3),
      command(null, null),
      command('layer_0', 4),
    ],
    at,
  )
  expect(ranked.map(({ overlap }) => overlap)).toEqual([
    'seed',
    'layer',
    'run',
    'installation',
    'elsewhere',
    'elsewhere',
  ])
})

test('of equal places the nearer stands first, and an outage that goes on is at no distance', () => {
  const ranked = rankChanges(
    [
      row({ kind: 'command', atMs: 100_000 }),
      row({ kind: 'command', atMs: 500_000 }),
      row({ kind: 'incident', atMs: 400_000, untilMs: 700_000, tone: 'crit' }),
    ],
    asked,
  )
  expect(ranked.map(({ kind, distance_ms }) => [kind, distance_ms])).toEqual([
    ['incident', 0],
    ['command', 100_000],
    ['command', 500_000],
  ])
})
