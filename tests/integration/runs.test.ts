import { afterAll, beforeAll, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { RunDetail } from '../../lib/contracts/httpRuns.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

let server: TestServer
let run: RunDetail

const listed = async () => HTTP_API.runs.output.parse((await server.get('/api/runs')).body)

beforeAll(async () => {
  server = await startTestServer({ TRAINER: 'on' })
  await waitUntil(
    'an evaluation and a picture of the run',
    async () => {
      const entry = (await listed()).runs[0]
      if (entry === undefined || entry.evaluations < 2 || entry.pictures < 1) return false
      run = HTTP_API.run.output.parse((await server.get(`/api/runs/${entry.run_id}`)).body)
      return run.transitions > 0
    },
    60_000,
  )
}, 90_000)
afterAll(() => server.end())

test('the live run is told with its control, its curve and where it is kept', async () => {
  expect(run).toMatchObject({ keeping: 'live', origin: 'trainer', complete: true, problem: null })
  expect(run.control!.length).toBeGreaterThan(10)
  expect(run.curve.at(-1)!.parameters).toBeGreaterThanOrEqual(run.host_parameters)
  expect(run.marks.length).toBeGreaterThan(0)
  expect(run.blueprints.reduce((sum, row) => sum + row.tried, 0)).toBeGreaterThan(0)
  const { runs, recordings } = await listed()
  expect(runs).toHaveLength(1)
  expect(recordings).toMatchObject({ count: 1, removed: 0, dropped: 0, problem: null })
  const few = HTTP_API.run.output.parse((await server.get(`/api/runs/${run.run_id}?points=1`)).body)
  expect(few.curve).toHaveLength(1)
  expect(few.curve_of).toBeGreaterThanOrEqual(run.curve_of)
})

test('a picture is of now, or of the recorded moment nearest to a step', async () => {
  const at = `/api/runs/${run.run_id}/picture`
  const now = HTTP_API.runPicture.output.parse((await server.get(`${at}?metric=health_score`)).body)
  expect(now).toMatchObject({ source: 'live', unit: 'ratio' })
  expect(now.layers.map((layer) => [layer.layer_id, layer.values.length])).toEqual([
    ['layer_0', 4],
    ['layer_1', 4],
    ['layer_2', 4],
  ])
  const before = HTTP_API.runPicture.output.parse((await server.get(`${at}?metric=state&step=0`)).body)
  expect(before.source).toBe('recorded')
  expect(before.step!).toBeLessThanOrEqual(now.step!)
})

test('what is not known is a problem with its path', async () => {
  expect((await server.get('/api/runs/nobody')).status).toBe(404)
  expect((await server.get(`/api/runs/${run.run_id}?points=9999`)).status).toBe(422)
  expect((await server.get(`/api/runs/${run.run_id}/picture?metric=nothing`)).status).toBe(404)
  expect((await server.get(`/api/runs/${run.run_id}/picture?metric=alpha&step=x`)).status).toBe(422)
  expect((await server.get('/api/runs/nobody/picture?metric=alpha')).status).toBe(404)
})
