import { describe, expect, test } from 'vitest'
import { AppError, isAppError, toProblem } from '../../../../lib/contracts/appError.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../../../lib/contracts/errorCatalog.ts'
import { HTTP_API, LayerDetail, Overview, ProblemDocument } from '../../../../lib/contracts/httpApi.ts'
import { buildOpenApi } from '../../../../lib/contracts/openApi.ts'

const overview = {
  runs: 1,
  layers: 3,
  seeds: 12,
  reports_per_s: 22.5,
  lost: 0,
  duplicates: 0,
  refused: { total: 1, by_reason: { CONTRACT_FRAME: 1 } },
  viewers: 1,
  frames_skipped: 0,
  frames: {
    sent: 10,
    skipped: 1,
    encoded: 10,
    bytes_sent: 2_400,
    classes: 1,
    blocks: 0,
    stalls: 0,
    longest_turn_ms: 0.6,
    longest_turn_cpu_ms: 0.4,
  },
  event_loop: { p99_ms: 2.5, max_ms: null },
  stop_ready: { ready: 0, of: 3, worst_ms: null },
}
const layer = {
  blueprints: { 1: 'affine' },
  flags: { nan: 1 },
  layer_id: 'layer_0',
  run_id: 'digits-s1-x',
  origin: 'trainer',
  total_seeds: 2,
  active_seeds: 1,
  states: { DORMANT: 1, UNKNOWN: 1 },
  age_ms: null,
  freshness: 'never',
  seeds: { seed_id: [0, 1], state: ['DORMANT', 'UNKNOWN'], metrics: { alpha: [0, null] }, age_ms: [null, null] },
}

describe('answers', () => {
  test('the documented overview and layer pass, and lose nothing', () => {
    expect(Overview.parse(overview)).toEqual(overview)
    expect(LayerDetail.parse(layer)).toEqual(layer)
  })
  test('NaN and an unknown state name do not pass', () => {
    expect(Overview.safeParse({ ...overview, reports_per_s: Number.NaN }).success).toBe(false)
    expect(LayerDetail.safeParse({ ...layer, seeds: { ...layer.seeds, state: ['BLENDING', 'DORMANT'] } }).success).toBe(
      false,
    )
  })
})

describe('inputs', () => {
  const { query, params } = HTTP_API.layerHistory
  test('moments are ISO or Unix ms, numbers come out as numbers', () => {
    const input = {
      metric: 'alpha',
      from: '2026-01-02T03:04:05.000Z',
      to: '1769500800000',
      resolution: '250',
      seed: '3',
    }
    const at = { from: Date.UTC(2026, 0, 2, 3, 4, 5), to: 1_769_500_800_000 }
    expect(query.parse(input)).toEqual({ metric: 'alpha', ...at, resolution: 250, seed: 3 })
  })
  test.each([
    { metric: '__proto__' },
    { metric: 'alpha', from: 'yesterday' },
    { metric: 'alpha', resolution: '1' },
    {},
  ])('%j is refused', (input) => {
    expect(query.safeParse(input).success).toBe(false)
  })
  test.each(['../x', '', 'a/b', '__proto__', 'x'.repeat(129)])('layer %j is refused', (id) => {
    expect(params.safeParse({ layer: id }).success).toBe(false)
  })
  test.each(['-1', '1.5', 'x', '99999999', '1e3'])('seed %j is refused', (seed) => {
    expect(HTTP_API.seed.params.safeParse({ layer: 'layer_0', seed }).success).toBe(false)
  })
})

describe('OpenAPI', () => {
  const document = buildOpenApi('1.2.3') as {
    paths: Record<string, Record<string, { parameters: { name: string }[] }>>
  }
  test('describes every route with its parameters, and is plain JSON', () => {
    expect(Object.keys(document.paths).toSorted()).toEqual(
      [...new Set(Object.values(HTTP_API).map((route) => route.path))].toSorted(),
    )
    for (const { path, method } of Object.values(HTTP_API))
      expect(document.paths[path]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined()
    const history = document.paths['/api/layers/{layer}/history']?.['get']?.parameters.map(
      (parameter) => parameter.name,
    )
    expect(history).toEqual(['layer', 'run', 'metric', 'from', 'to', 'resolution', 'seed'])
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })
  test('every path parameter in braces has a schema', () => {
    for (const route of Object.values(HTTP_API)) {
      const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      expect(Object.keys(route.params.shape), route.path).toEqual(names)
    }
  })
})

describe('errors', () => {
  test.each(Object.keys(ERROR_CATALOG) as ErrorCode[])('%s becomes a valid problem document', (code) => {
    const problem = toProblem(new AppError(code, 'what happened', { path: 'a.b' }))
    expect(ProblemDocument.parse(problem)).toEqual(problem)
    expect(problem.status).toBe(ERROR_CATALOG[code].status)
    expect(problem.detail).toContain(ERROR_CATALOG[code].operator)
  })
  test('an unknown throwable becomes INTERNAL and shows none of its details', () => {
    for (const thrown of [new Error('secret'), 'secret', null, undefined, { code: 'BUS_TIMEOUT' }]) {
      const problem = toProblem(thrown)
      expect(problem.code).toBe('INTERNAL')
      expect(JSON.stringify(problem)).not.toContain('secret')
    }
  })
  test('is recognised by brand and code, not by class', () => {
    const error = new AppError('BUS_TIMEOUT', 'late')
    expect([isAppError(error), isAppError(error, 'BUS_TIMEOUT'), isAppError(error, 'INTERNAL')]).toEqual([
      true,
      true,
      false,
    ])
    expect([isAppError(null), isAppError(new Error('x')), isAppError('BUS_TIMEOUT')]).toEqual([false, false, false])
  })
})
