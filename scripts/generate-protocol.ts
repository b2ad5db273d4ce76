/*
 * generate-protocol: writes docs/messages.md, the reference that belongs to docs/protocol.md: fields, columns, states, routes.
 * In: lib/contracts. Out: the page; buildMessagesPage for its test.
 * Invariant: nothing on the page is written by hand but its headings; the same contracts give the same bytes.
 * Source: docs/protocol.md.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { BaseMessage, MESSAGE_LIMITS, MESSAGE_NAMES } from '../lib/contracts/envelope.ts'
import { FRESHNESS_LIMITS } from '../lib/contracts/freshnessRule.ts'
import { HTTP_API } from '../lib/contracts/httpApi.ts'
import { LEGAL_EDGES, SEED_STATES } from '../lib/contracts/lifecycleTable.ts'
import { MESSAGE_TYPES } from '../lib/contracts/messageTypes.ts'
import { LAYER_COLUMNS, type MetricColumn, SEED_COLUMNS } from '../lib/contracts/metrics.ts'
import { LIVE_EVENT_SCHEMAS } from '../lib/contracts/socketEvents.ts'
import { LIVE_NAMESPACE, LIVE_PROTOCOL, SOCKET_PATH } from '../lib/contracts/socketNames.ts'
import { TOPICS } from '../lib/contracts/topics.ts'

interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly default?: unknown
  readonly format?: string
  readonly prefixItems?: readonly Schema[]
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')

const code = (text: string): string => `\`${text}\``
const number = (value: number): string => value.toLocaleString('en-US')

const schemaOf = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as unknown as Schema

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const) ?? 'any'
  if (schema.enum) return schema.enum.join(' / ')
  const union = schema.anyOf ?? schema.oneOf
  if (union) return [...new Set(union.map(typeText))].join(' or ')
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeText).join(', ')}]`
  if (schema.type === 'array')
    return schema.items?.properties ? 'list of objects' : `list of ${typeText(schema.items ?? {})}`
  return String(schema.format ?? schema.type ?? 'any')
}

function fieldsText(schema: Schema): string {
  const base = new Set(Object.keys(BaseMessage.shape))
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !base.has(name))
    .map(([name, field]) => {
      const isOptional = !schema.required?.includes(name) && field.default === undefined
      const fallback = field.default === undefined ? '' : ` = ${JSON.stringify(field.default)}`
      return `- ${code(name)}${isOptional ? '?' : ''}: ${typeText(field).replaceAll(' or null', '')}${fallback}`
    })
    .join('\n')
}

function messageText(name: (typeof MESSAGE_NAMES)[number]): string {
  const { schema, majors, families } = MESSAGE_TYPES[name]
  const json = schemaOf(schema)
  const where = families.map((family) => code(TOPICS[family].pattern)).join(', ')
  const arms = json.oneOf ?? json.anyOf
  const fields = arms
    ? arms.map((arm) => `Kind ${typeText(arm.properties?.['kind'] ?? {})}:\n\n${fieldsText(arm)}`).join('\n\n')
    : fieldsText(json)
  return `### ${name}\n\nMajors read: ${majors.join(', ')}. Travels on ${where}.\n\n${fields}`
}

const columnRows = (kind: string, columns: readonly MetricColumn[]): string[][] =>
  columns.map((column, i) => [kind, String(i), code(column.name), column.unit, column.help])

const BOUNDS: readonly (readonly [string, number])[] = [
  ['seeds per report', MESSAGE_LIMITS.seedsPerReport],
  ['metrics per seed', MESSAGE_LIMITS.metricsPerSeed],
  ['messages per batch', MESSAGE_LIMITS.messagesPerBatch],
  ['commands per batch', MESSAGE_LIMITS.commandsPerBatch],
  ['keys of metadata', MESSAGE_LIMITS.metadataKeys],
  ['keys of free objects', MESSAGE_LIMITS.freeKeys],
  ['items of a list, where no other bound is named', MESSAGE_LIMITS.listItems],
]

const socketTable = (): string =>
  table(
    ['Client event', 'Permission', 'Payload'],
    Object.entries(LIVE_EVENT_SCHEMAS).map(([event, { schema, permission }]) => {
      const json = schemaOf(schema)
      const object = json.properties ? json : json.anyOf?.find((arm) => arm.properties)
      const names = Object.keys(object?.properties ?? {})
      return [code(event), permission, names.length > 0 ? names.map(code).join(', ') : typeText(json)]
    }),
  )

function freshnessText(): string {
  const { intervalFloorMs, lateIntervals, lateMs, staleIntervals, staleMs, silentMs } = FRESHNESS_LIMITS
  return `Age is measured on the server's clock; the interval is the median of the last 20 gaps, at least ${number(intervalFloorMs)} ms. A value is late above
${lateIntervals} intervals or ${number(lateMs)} ms, stale above ${staleIntervals} intervals or ${number(staleMs)} ms, silent above ${number(silentMs)} ms or after a goodbye, and never when there was none.`
}

/** Builds the whole page. */
export function buildMessagesPage(): string {
  const columns = [...columnRows('seeds', SEED_COLUMNS), ...columnRows('layer', LAYER_COLUMNS)]
  const states = SEED_STATES.map((state, id) => [
    String(id),
    state,
    LEGAL_EDGES[state].join(', ') || 'nothing: it is permanent',
  ])
  const routes = Object.values(HTTP_API).map((route) => [
    `${route.method} ${code(route.path)}`,
    route.permission,
    route.summary,
  ])
  const sections = [
    '# Messages, columns, routes\n\nGenerated from `lib/contracts` by `node scripts/generate-protocol.ts`; the rules behind it are in [protocol.md](protocol.md).',
    '## Messages\n\nBesides the base fields. A field with `?` may be absent or null; one with `=` is filled by the reader.',
    ...MESSAGE_NAMES.map(messageText),
    `## Bounds inside messages\n\n${table(
      ['What', 'At most'],
      BOUNDS.map(([what, bound]) => [what, number(bound)]),
    )}`,
    `## Columns\n\nOf the built-in trainer, in wire order. Unmeasured is NaN.\n\n${table(['Frame', 'Index', 'Column', 'Unit', 'Meaning'], columns)}`,
    `## Lifecycle\n\nIds are used in columns only; everywhere else states travel as names.\n\n${table(['Id', 'State', 'May become'], states)}`,
    `## Freshness\n\n${freshnessText()}`,
    `## Socket\n\nPath ${code(SOCKET_PATH)}, namespace ${code(LIVE_NAMESPACE)}, protocol ${LIVE_PROTOCOL}. Every client event is acknowledged once: \`{ok: true, value}\` or \`{ok: false, problem}\`.\n\n${socketTable()}`,
    `## HTTP\n\nThe full schemas are served at \`/api/openapi.json\`.\n\n${table(['Method and path', 'Permission', 'Answer'], routes)}`,
  ]
  return `${sections.join('\n\n')}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'messages.md'), buildMessagesPage())
