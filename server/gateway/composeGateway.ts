/*
 * composeGateway: the gateway's process: its two bus connections, its keys, its ports, and nothing else.
 * In: a parsed configuration. Out: a running gateway and its stop.
 * Invariant: no telemetry is read here; with the bus away the ports are open all the same.
 * Source: docs/adr/0008-gateway-process.md.
 */
import { setPriority } from 'node:os'
import path from 'node:path'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import type { StopReport } from '../../lib/primitives/disposables.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../logger.ts'
import { createGateway } from './gateway.ts'
import { openGatewayKeys } from './keys.ts'

const GATEWAY_PRIORITY = -10
/** A command that waits longer for the bus is told as undelivered or unknown instead. */
export const GATEWAY_PUBLISH_MS = 2_000

/** A stop must not wait for its turn behind training: where the system lets us, this process goes first. */
function preferThisProcess(): void {
  try {
    setPriority(GATEWAY_PRIORITY)
  } catch {
    // Only the administrator may: it works without, a little later under load.
  }
}

/** Starts the role `gateway`. @throws CONFIG_INVALID */
export async function composeGateway(options: {
  readonly config: Config
  readonly logger: Logger
  readonly root: string
}): Promise<{ readonly epoch: number; stop(deadlineMs: number): Promise<StopReport> }> {
  const { config, root } = options
  const logger = options.logger.room('gateway')
  const url = config.redisUrl
  if (url === null)
    throw new AppError('CONFIG_INVALID', 'ROLE=gateway needs BUS=redis: the in-process bus has its gateway inside', {
      path: 'ROLE',
    })
  const dataDir = path.resolve(root, config.dataDir)
  preferThisProcess()
  const busOf = (name: string, scanForeign: boolean): MessageBus =>
    createRedisBus({ url, clock: systemClock, name, scanForeign, publishDeadlineMs: GATEWAY_PUBLISH_MS })
  const gateway = createGateway({
    bus: busOf('morphoscope-gateway', true),
    urgentBus: busOf('morphoscope-gateway-urgent', false),
    clock: systemClock,
    keys: openGatewayKeys(dataDir),
    dataDir,
    socketPort: config.gateway.port,
    controlPort: config.gateway.controlPort,
    onProblem: (text) => logger.warn(text),
  })
  await gateway.start()
  return { epoch: gateway.epoch, stop: (deadlineMs) => gateway.stop(deadlineMs) }
}
