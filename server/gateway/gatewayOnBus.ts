/*
 * gatewayOnBus: a gateway on a thread whose bus belongs to somebody else.
 * In: the thread's bus, ports, the data folder. Out: the gateway.
 * Invariant: it never ends a bus it did not make.
 * Source: docs/adr/0008-gateway-process.md.
 */
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Config } from '../config.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { openGatewayKeys } from './keys.ts'

const borrowed = (bus: MessageBus): MessageBus => ({ ...bus, stop: () => Promise.resolve() })

/** Creates it; start opens its ports. @throws CONFIG_INVALID when a key can not be used */
export function gatewayOnBus(options: {
  readonly bus: MessageBus
  /** The same one, or one made for this gateway, which then ends with it. */
  readonly urgentBus: MessageBus
  readonly clock: Clock
  readonly dataDir: string
  readonly ports: Config['gateway']
  readonly report: (text: string) => void
}): Gateway {
  const { clock, dataDir, ports } = options
  const bus = borrowed(options.bus)
  return createGateway({
    bus,
    urgentBus: options.urgentBus === options.bus ? bus : options.urgentBus,
    clock,
    keys: openGatewayKeys(dataDir),
    dataDir,
    socketPort: ports.port,
    controlPort: ports.controlPort,
    onProblem: options.report,
  })
}
