import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ERROR_CATALOG } from '../../lib/contracts/errorCatalog.ts'
import { MESSAGE_NAMES } from '../../lib/contracts/envelope.ts'
import { TOPICS } from '../../lib/contracts/topics.ts'
import { envExample } from '../../server/config.ts'
import { ROOT } from '../support/sourceTree.ts'

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const protocol = read('docs/protocol.md')

test('the documented topics are those of the catalogue, with the same types and delivery', () => {
  for (const topic of Object.values(TOPICS)) {
    const row = protocol.split('\n').find((line) => line.startsWith(`| \`${topic.pattern}\` |`))
    expect(row, topic.pattern).toBeDefined()
    expect(row, topic.pattern).toContain(`| ${topic.types.join(', ')} | ${topic.delivery} | ${topic.loss} |`)
  }
  const rows = protocol.match(/^\| `kasmina\.[^`]+`/gm) ?? []
  expect(rows).toHaveLength(Object.keys(TOPICS).length)
})

test('the documented errors are those of the catalogue, word for word', () => {
  const rows = Object.entries(ERROR_CATALOG).map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.status} | ${entry.retryable ? 'yes' : 'no'} | ${entry.title} | ${entry.operator} |`,
  )
  expect(rows.filter((row) => !protocol.includes(row))).toEqual([])
})

test('every message is named in the protocol', () => {
  expect(MESSAGE_NAMES.filter((name) => !protocol.includes(`\`${name}\``))).toEqual([])
})

test('.env.example is what server/config.ts says', () => {
  expect(read('.env.example')).toBe(envExample())
})
