import { expect, test } from 'vitest'
import { createLogger, redact } from '../../../server/logger.ts'

test('one event is one line, whatever the data holds', () => {
  const lines: string[] = []
  const log = createLogger({ level: 'debug', format: 'json', write: (line) => void lines.push(line) }).room('ingest')
  log.warn('refused', { name: 'a\nFAKE {"level":60}\u001b[2J', error: new Error('x') })
  expect(lines).toHaveLength(1)
  expect(lines[0]!.trim().split('\n')).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({ room: 'ingest', msg: 'refused', data: { error: { message: 'x' } } })
})

test('the terminal form carries no control characters and no second line', () => {
  const lines: string[] = []
  createLogger({ level: 'info', format: 'pretty', write: (line) => void lines.push(line) }).info('x', {
    a: '\u001b[2J\u202e\r\n',
  })
  expect(lines[0]!.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u202e]/)
})

test('secrets do not get into a line: by key, and inside addresses', () => {
  const text = JSON.stringify(
    redact({
      token: 'canary1',
      deep: { password: 'canary2', url: 'redis://user:canary3@host' },
      error: new Error('at redis://u:canary4@h'),
    }),
  )
  expect(text).not.toMatch(/canary/)
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  expect(() => JSON.stringify(redact(cyclic))).not.toThrow()
})
