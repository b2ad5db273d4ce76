/*
 * gatewayHarness: a running gateway in a folder of its own, and the client that finds it.
 * In: buses, or none for one in memory. Out: gateway, client, folder; all gone after the test.
 * Invariant: a restarted gateway keeps the folder, as the product does.
 * Source: docs/adr/0008-gateway-process.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import type { GatewayEvent } from '../../lib/contracts/gatewayControl.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../../server/gateway/gateway.ts'
import { createGatewayClient, type GatewayClient } from '../../server/gateway/gatewayClient.ts'
import { openGatewayKeys } from '../../server/gateway/keys.ts'
import { createStubLayer, type StubLayer, type StubLayerOptions } from './stubLayer.ts'

export interface GatewayHarness {
  readonly dataDir: string
  readonly bus: MessageBus
  readonly client: GatewayClient
  readonly problems: string[]
  gateway: Gateway
  layer(options: Partial<StubLayerOptions> & Pick<StubLayerOptions, 'layers'>): Promise<StubLayer>
  restart(options?: Partial<GatewayOptions>): Promise<void>
  follow(): GatewayEvent[]
  close(): Promise<void>
}

/** Starts a gateway; `bus` is on when it returns, unless it was given. */
export async function startGateway(options: Partial<GatewayOptions> = {}): Promise<GatewayHarness> {
  const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'gateway-'))
  const bus = options.bus ?? createMemoryBus({ clock: systemClock })
  if (!options.bus) await bus.start()
  const problems: string[] = []
  const cleanUps: (() => unknown)[] = []
  // The bus outlives the gateway: other parts are on it as well.
  const kept: MessageBus = { ...bus, start: () => bus.start(), stop: () => Promise.resolve() }
  const make = (more: Partial<GatewayOptions> = {}): Gateway =>
    createGateway({
      bus: kept,
      urgentBus: kept,
      clock: systemClock,
      keys: openGatewayKeys(dataDir),
      dataDir,
      socketPort: 0,
      controlPort: 0,
      onProblem: (text) => problems.push(text),
      ...options,
      ...more,
    })
  const client = createGatewayClient({ dataDir, clock: systemClock })
  const harness: GatewayHarness = {
    dataDir,
    bus,
    client,
    problems,
    gateway: make(),
    async layer(layerOptions) {
      const made = await createStubLayer({ dataDir, bus, ...layerOptions })
      cleanUps.push(() => made.end())
      return made
    },
    async restart(more) {
      await harness.gateway.stop(1_000)
      harness.gateway = make(more)
      await harness.gateway.start()
    },
    follow() {
      const seen: GatewayEvent[] = []
      cleanUps.push(client.follow({ after: null, onEvent: (event) => seen.push(event) }))
      return seen
    },
    async close() {
      for (const cleanUp of cleanUps.reverse()) await cleanUp()
      await harness.gateway.stop(1_000)
      if (!options.bus) await bus.stop(500)
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true })
    },
  }
  await harness.gateway.start()
  return harness
}
