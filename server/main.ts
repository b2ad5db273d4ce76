/*
 * main: the process: configuration, composition, one line when ready, an ordered end.
 * In: environment, --dev, --role. Out: a running server; exit code 0, 1, or 78 for configuration.
 * Invariant: whatever goes wrong at the start is said in words, with the key that corrects it.
 * Source: docs/architecture.md "processes and threads".
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { isAppError } from '../lib/contracts/appError.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import { compose } from './compose.ts'
import { EXIT_CONFIG, readConfig } from './config.ts'
import { createLogger } from './logger.ts'
import { bindShutdown } from './shutdown.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { role: { type: 'string' }, dev: { type: 'boolean', default: false } },
  })
  const { config, warnings } = readConfig(values.role === undefined ? {} : { role: values.role })
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'),
  })
  for (const warning of warnings) logger.warn(warning)
  const server = await compose({ config, logger, root: ROOT, dev: values.dev })
  bindShutdown({
    stop: (deadlineMs) => server.stop(deadlineMs),
    logger,
    clock: systemClock,
    supervised: config.supervised,
  })
  const trainer = config.trainer.enabled ? 'on' : 'off'
  say(`Morphoscope is ready: ${server.url} (bus: ${config.bus}, environment: DEMO, trainer: ${trainer})`)
}

main().catch((error: unknown) => {
  const configuration = isAppError(error, 'CONFIG_INVALID')
  complain(
    configuration ? `Morphoscope can not start: ${error.message}` : `Morphoscope failed to start: ${String(error)}`,
  )
  if (!configuration && error instanceof Error) complain(error.stack ?? '')
  process.exit(configuration ? EXIT_CONFIG : 1)
})
