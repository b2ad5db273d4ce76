/*
 * main: the process: configuration, composition, one line when ready, an ordered end.
 * In: environment, --dev, --role. Out: the parts of that role, running; exit code 0, 1, or 78 for configuration.
 * Invariant: whatever goes wrong at the start is said in words, with the key that corrects it.
 * Source: docs/architecture.md "processes and threads".
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { AppError, isAppError } from '../lib/contracts/appError.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import type { StopReport } from '../lib/primitives/disposables.ts'
import { type Config, EXIT_CONFIG, readConfig } from './config.ts'
import { createLogger, type Logger } from './logger.ts'
import { bindShutdown } from './shutdown.ts'
import { tellRunner } from './workers/siblings.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

interface Started {
  readonly stop: (deadlineMs: number) => Promise<StopReport>
  readonly ready: string | null
}

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
  const { stop, ready } = await start(config, logger, values.dev)
  bindShutdown({ stop, logger, clock: systemClock, supervised: config.supervised })
  if (ready !== null) say(ready)
  tellRunner(process, { kind: 'ready' })
  // The channel alone must not keep a process that has nothing left to do.
  process.channel?.unref()
}

/** Starts the parts of the role and loads nothing of another: what a page needs can not keep the gateway from starting. */
async function start(config: Config, logger: Logger, dev: boolean): Promise<Started> {
  switch (config.role) {
    case 'gateway': {
      const { composeGateway } = await import('./gateway/composeGateway.ts')
      const gateway = await composeGateway({ config, logger, root: ROOT })
      logger.info('the gateway is ready', { epoch: gateway.epoch })
      return { stop: (deadlineMs) => gateway.stop(deadlineMs), ready: null }
    }
    case 'trainer':
    case 'controller': {
      if (config.bus === 'memory')
        throw new AppError('CONFIG_INVALID', `ROLE=${config.role} needs BUS=redis: nobody else could hear it`, {
          path: 'ROLE',
        })
      const { composeTrainer } = await import('./workers/composeTrainer.ts')
      const trainer = composeTrainer({ config, logger, root: ROOT, channel: process })
      return { stop: (deadlineMs) => trainer.stop(deadlineMs), ready: null }
    }
    case 'all':
    case 'web': {
      const { compose } = await import('./compose.ts')
      const server = await compose({ config, logger, root: ROOT, dev, channel: process })
      const trainer = config.trainer.enabled || config.siblings.includes('trainer') ? 'on' : 'off'
      const lines = [
        `Morphoscope is ready: ${server.url} (bus: ${config.bus}, environment: ${config.environment}, trainer: ${trainer})`,
      ]
      if (server.firstAdminCode !== null)
        lines.push(
          `Nobody can sign in yet: open ${server.url}/login and enter the one-time code ${server.firstAdminCode}`,
        )
      return { stop: (deadlineMs) => server.stop(deadlineMs), ready: lines.join('\n') }
    }
  }
}

main().catch((error: unknown) => {
  const configuration = isAppError(error, 'CONFIG_INVALID')
  complain(
    configuration ? `Morphoscope can not start: ${error.message}` : `Morphoscope failed to start: ${String(error)}`,
  )
  if (!configuration && error instanceof Error) complain(error.stack ?? '')
  process.exit(configuration ? EXIT_CONFIG : 1)
})
