import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openGatewayStore } from '../../../../server/gateway/gatewayStore.ts'
import { createManualClock } from '../../../support/manualClock.ts'

let dataDir = ''
const problems: string[] = []
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-store-'))
  problems.length = 0
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const open = (clock = createManualClock()) =>
  openGatewayStore({ dataDir, clock, onProblem: (text) => problems.push(text) })
const file = () => path.join(dataDir, 'gateway', 'state.json')

test('the epoch of a start is on disk before it is used, and grows although the clock was set back or the file was lost', () => {
  const first = open(createManualClock(1_700_000_000_000)).gatewayEpoch
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ gateway_epoch: first })
  const second = open(createManualClock(1_600_000_000_000)).gatewayEpoch
  expect(second).toBe(first + 1)
  rmSync(file())
  expect(open(createManualClock(1_700_000_100_000)).gatewayEpoch).toBeGreaterThan(second)
})

test('of many saves at once the newest is on disk, and each is told', async () => {
  const store = open()
  const told: (string | null)[] = []
  for (let epoch = 1; epoch <= 20; epoch++) store.saveStops(epoch, [], (problem) => told.push(problem))
  store.saveCursors({ topic: '1-0' })
  await store.flush()
  expect(told).toEqual(Array.from({ length: 20 }, () => null))
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ stop_epoch: 20, ack_cursors: { topic: '1-0' } })
  expect(open().before.stopEpoch).toBe(21)
})

test('a disk that takes nothing is told once, and to each save', async () => {
  writeFileSync(path.join(dataDir, 'gateway'), 'a file in the way')
  const store = open()
  const told: (string | null)[] = []
  store.saveStops(1, [], (problem) => told.push(problem))
  await store.flush()
  expect(told[0]).toContain('can not be written')
  expect(problems.filter((text) => text.includes('can not be written'))).toHaveLength(1)
})
