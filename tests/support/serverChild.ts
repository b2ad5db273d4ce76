/*
 * serverChild: the composed server in a process of its own, so that a test may kill it as a crash would.
 * In: the environment. Out: one message with its url when it is ready.
 * Invariant: nothing is mocked but Next; it ends with the process that started it.
 * Source: docs/history.md.
 */
import path from 'node:path'
import { compose } from '../../server/compose.ts'
import { parseConfig } from '../../server/config.ts'
import { createLogger } from '../../server/logger.ts'
import { mountRoutes } from './mountRoutes.ts'

const server = await compose({
  config: parseConfig(process.env),
  logger: createLogger({ level: 'warn', format: 'json', write: (line) => void process.stderr.write(line) }),
  root: path.resolve(import.meta.dirname, '../..'),
  dev: false,
  overrides: { pages: await mountRoutes() },
})
process.once('disconnect', () => process.exit(0))
process.send?.({ url: server.url })
