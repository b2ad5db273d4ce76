import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { messageBusSuite } from './messageBus.suite.ts'

messageBusSuite('memory bus', async () => ({
  async create() {
    const bus = createMemoryBus({ clock: systemClock })
    await bus.start()
    return bus
  },
  dispose: async () => undefined,
}))
