/*
 * metricMap: readings by name, of one thing or of every seed of a layer, checked by a plain loop.
 * In: parsed JSON. Out: MetricMap, SeedMetrics (zod schemas that stop at the first finding).
 * Invariant: a value is a finite number or null (unmeasured), never anything else; names and counts are bounded.
 * zod's own records cost 8 times as much per value and report every bad one; a report has thousands.
 * Source: seed-design.md 2.2; docs/protocol.md "metrics".
 */
import { z } from 'zod'
import { MESSAGE_LIMITS } from './envelope.ts'

export type MetricMap = Record<string, number | null>
export type SeedMetrics = Record<string, MetricMap>

const METRIC_NAME = /^[A-Za-z_][A-Za-z0-9_.:/-]{0,63}$/
const SEED_KEY = /^(0|[1-9]\d{0,7})$/
export const MetricName = z.string().regex(METRIC_NAME, 'a metric name of at most 64 characters')

/** Names seen and found good: the same few dozen come back thousands of times per report. */
const goodNames = new Set<string>()
const MAX_GOOD_NAMES = 1_024

function isMetricName(name: string): boolean {
  if (goodNames.has(name)) return true
  if (!METRIC_NAME.test(name) || name === 'constructor' || name === 'prototype' || name === '__proto__') return false
  if (goodNames.size < MAX_GOOD_NAMES) goodNames.add(name)
  return true
}

interface Finding {
  readonly path: readonly string[]
  readonly message: string
}

function findInMap(value: unknown): Finding | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { path: [], message: 'expected an object of numbers or null' }
  let count = 0
  for (const name in value) {
    if (++count > MESSAGE_LIMITS.metricsPerSeed)
      return { path: [], message: `at most ${MESSAGE_LIMITS.metricsPerSeed} metrics are accepted` }
    if (!isMetricName(name)) return { path: [name], message: 'expected a metric name of at most 64 characters' }
    const reading = (value as Readonly<Record<string, unknown>>)[name]
    if (reading !== null && !Number.isFinite(reading))
      return { path: [name], message: 'expected a finite number or null' }
  }
  return null
}

function findInSeeds(value: unknown): Finding | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { path: [], message: 'expected an object of seeds' }
  let count = 0
  for (const seed in value) {
    if (++count > MESSAGE_LIMITS.seedsPerReport)
      return { path: [], message: `at most ${MESSAGE_LIMITS.seedsPerReport} seeds are accepted` }
    if (!SEED_KEY.test(seed)) return { path: [seed], message: 'expected a seed id as decimal text' }
    const finding = findInMap((value as Readonly<Record<string, unknown>>)[seed])
    if (finding !== null) return { path: [seed, ...finding.path], message: finding.message }
  }
  return null
}

const readings = { type: 'object', additionalProperties: { anyOf: [{ type: 'number' }, { type: 'null' }] } } as const

function checked<T>(
  find: (value: unknown) => Finding | null,
  jsonSchema: Readonly<Record<string, unknown>>,
): z.ZodType<T, T> {
  const schema = z.unknown().superRefine((value, context) => {
    const finding = find(value)
    if (finding !== null) context.addIssue({ code: 'custom', path: [...finding.path], message: finding.message })
  })
  return schema.meta(jsonSchema) as unknown as z.ZodType<T, T>
}

/** Readings by name; null = unmeasured or not finite at the source, never 0. */
export const MetricMap = checked<MetricMap>(findInMap, { ...readings, maxProperties: MESSAGE_LIMITS.metricsPerSeed })

/** Seed id as decimal text -> readings. */
export const SeedMetrics = checked<SeedMetrics>(findInSeeds, {
  type: 'object',
  maxProperties: MESSAGE_LIMITS.seedsPerReport,
  additionalProperties: { ...readings, maxProperties: MESSAGE_LIMITS.metricsPerSeed },
})
