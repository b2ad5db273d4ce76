/*
 * Two real recordings: what a live run is compared with when the other one is only a file, and two files with one another.
 * In: three servers, one after the other, over one data folder, each with a trainer of its own run seed or none. Out: what pages are told.
 * Invariant: every difference is taken from what was recorded: the numbers of the file itself, at the moment that is named.
 * Source: features A5, A14; docs/protocol.md "runs and recordings".
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareRuns } from '../../components/run/compareRuns.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { LayerRows, RunBaselineHead } from '../../lib/contracts/httpLayer.ts'
import type { RunDetail } from '../../lib/contracts/httpRuns.ts'
import { decodeHeaded } from '../../lib/frames/headedBytes.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-recorded-'))
let server: TestServer
let [one, two] = ['', '']

const listed = async () => HTTP_API.runs.output.parse((await server.get('/api/runs')).body).runs
const isRecorded = ({ keeping }: Pick<RunDetail, 'keeping'>) => ['complete', 'partial', 'open'].includes(keeping)
const pictureOf = async (runId: string, step: number | null) =>
  HTTP_API.runPicture.output.parse(
    (await server.get(`/api/runs/${runId}/picture?metric=health_score${step === null ? '' : `&step=${step}`}`)).body,
  )
const detailOf = async (runId: string) =>
  HTTP_API.run.output.parse((await server.get(`/api/runs/${runId}?points=1000`)).body)

/** Trains until the run has pictures and evaluations to compare; answers its id. */
async function trainUntilRecorded(seed: number): Promise<string> {
  server = await startTestServer({ DATA_DIR: folder, TRAINER: 'on', TRAINER_SEED: String(seed) })
  let runId = ''
  await waitUntil(
    `two pictures and two evaluations of run seed ${seed}`,
    async () => {
      const live = (await listed()).find((run) => run.keeping === 'live' && run.seed === seed)
      runId = live?.run_id ?? ''
      return live !== undefined && live.pictures >= 2 && live.evaluations >= 2
    },
    90_000,
  )
  return runId
}

beforeAll(async () => {
  one = await trainUntilRecorded(11)
  await server.stop(5_000)
  two = await trainUntilRecorded(12)
}, 240_000)
afterAll(async () => {
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

test('a live run is compared with a recorded one at the same step: with the values of the file, and says of when', async () => {
  const found = (await listed()).find((run) => run.run_id === one)
  expect(found).toMatchObject({ seed: 11 })
  expect(isRecorded(found!)).toBe(true)
  const response = await fetch(`${server.url}/api/runs/${two}/baseline?metric=health_score&base=run-${one}`)
  const { head, body } = decodeHeaded(await response.arrayBuffer())
  const { layers } = RunBaselineHead.parse(head)
  expect(layers.map((layer) => [layer.layer_id, layer.rows, layer.source, layer.run_id])).toEqual(
    ['layer_0', 'layer_1', 'layer_2'].map((layer) => [layer, 4, 'recording', one]),
  )
  let from = 0
  for (const layer of layers) {
    const picture = await pictureOf(one, layer.step)
    expect([picture.source, picture.step, picture.at_ms]).toEqual(['recorded', layer.step, layer.at_ms])
    const values = [...new Float32Array(body, from, layer.rows)].map((value) => (Number.isNaN(value) ? null : value))
    expect(values).toEqual(picture.layers.find((entry) => entry.layer_id === layer.layer_id)!.values)
    from += layer.rows * 4
  }
})

test('rows of a layer carry the value of the recorded run beside their own, in the order of their change', async () => {
  const asked = `metric=health_score&run=${two}&base=run-${one}&sort=delta&down=1`
  const rows = LayerRows.parse((await server.get(`/api/layers/layer_0/rows?${asked}`)).body)
  expect(rows.base).toMatchObject({ source: 'recording', run_id: one })
  const picture = await pictureOf(one, rows.base!.step)
  const recorded = picture.layers.find((layer) => layer.layer_id === 'layer_0')!.values
  expect(rows.rows.base).toEqual(rows.rows.seed_id.map((seed) => recorded[seed]))
  const changes = rows.rows.seed_id.flatMap((_, at) => {
    const [now, then] = [rows.rows.value[at] ?? null, rows.rows.base[at] ?? null]
    return now === null || then === null ? [] : [now - then]
  })
  expect(changes.length).toBeGreaterThan(0)
  expect(changes).toEqual(changes.toSorted((a, b) => b - a))
})

test('what is compared while a page is paused stands: another run is looked up at the step of that moment', async () => {
  const at = Math.round(
    LayerRows.parse((await server.get(`/api/layers/layer_0/rows?metric=health_score&run=${two}`)).body).server_ms,
  )
  const ask = async () => {
    const path = `/api/runs/${two}/baseline?metric=health_score&base=run-${one}&at=${at}`
    const { head } = decodeHeaded(await (await fetch(server.url + path)).arrayBuffer())
    return RunBaselineHead.parse(head).layers.map(({ step, at_ms, source }) => ({ step, at_ms, source }))
  }
  const first = await ask()
  expect(first.every((layer) => layer.source === 'recording')).toBe(true)
  const tickOf = async () =>
    LayerRows.parse((await server.get(`/api/layers/layer_0/rows?metric=health_score&run=${two}`)).body).tick!
  const before = await tickOf()
  await waitUntil('twenty ticks more', async () => (await tickOf()) > before + 20, 60_000)
  expect(await ask()).toEqual(first)
})

test('two recordings are compared without a live run: curves, kept blueprints, and every seed at one step', async () => {
  await server.stop(5_000)
  server = await startTestServer({ DATA_DIR: folder, TRAINER: 'off' })
  await waitUntil('both recordings', async () => {
    const runs = await listed()
    return [one, two].every((id) => runs.some((run) => run.run_id === id && isRecorded(run)))
  })
  const [first, second] = [await detailOf(one), await detailOf(two)]
  expect([first, second].every(isRecorded)).toBe(true)
  expect(first.seed_columns.map((column) => column.name)).toContain('health_score')
  const compared = compareRuns(first, second)
  expect(compared.step).not.toBeNull()
  expect(compared.accuracy).toBeCloseTo(compared.one!.val_accuracy! - compared.other!.val_accuracy!, 12)
  expect(compared.unlike.join()).toContain('run seeds 11 and 12')
  const [here, there] = [await pictureOf(one, compared.step), await pictureOf(two, compared.step)]
  expect([here.source, there.source]).toEqual(['recorded', 'recorded'])
  expect(here.layers.map((layer) => layer.layer_id)).toEqual(there.layers.map((layer) => layer.layer_id))
  const measured = (layers: typeof here.layers) =>
    layers.flatMap((layer) => layer.values).filter((value) => value !== null)
  expect(measured(here.layers).length).toBeGreaterThan(0)
  expect(measured(here.layers)).not.toEqual(measured(there.layers))
})
