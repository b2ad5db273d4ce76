import { test } from 'vitest'
import { postgresMissing, startPostgres } from '../support/postgresHarness.ts'
import { recordsSuite } from './records.suite.ts'

const missing = postgresMissing()
if (missing) {
  process.stdout.write(`records on postgres: skipped: ${missing}\n`)
  test('records on postgres', (context) => context.skip(missing))
} else {
  recordsSuite('records on postgres', async () => {
    const server = await startPostgres()
    return { address: () => server.database(), dispose: () => server.stop() }
  })
}
