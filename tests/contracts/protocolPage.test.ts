import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MESSAGE_NAMES } from '../../lib/contracts/envelope.ts'
import { ERROR_CATALOG } from '../../lib/contracts/errorCatalog.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { LIVE_EVENT_SCHEMAS } from '../../lib/contracts/socketEvents.ts'
import { TOPIC_FAMILIES, TOPICS } from '../../lib/contracts/topics.ts'
import { buildMessagesPage } from '../../scripts/generate-protocol.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')
const messages = readFileSync(join(docs, 'messages.md'), 'utf8')
const protocol = readFileSync(join(docs, 'protocol.md'), 'utf8')

test('docs/messages.md is what the contracts say (node scripts/generate-protocol.ts writes it)', () => {
  expect(messages).toBe(buildMessagesPage())
})

test.each([
  ...MESSAGE_NAMES.map((name) => `### ${name}`),
  ...Object.values(HTTP_API).map((route) => `\`${route.path}\``),
  ...Object.keys(LIVE_EVENT_SCHEMAS).map((event) => `\`${event}\``),
])('docs/messages.md describes %s', (name) => {
  expect(messages).toContain(name)
})

test.each([
  ...TOPIC_FAMILIES.map((family) => TOPICS[family].pattern),
  ...MESSAGE_NAMES,
  ...Object.keys(ERROR_CATALOG),
  'messages.md',
])('docs/protocol.md mentions %s', (name) => {
  expect(protocol).toContain(name)
})
