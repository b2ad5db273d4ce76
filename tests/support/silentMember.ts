/*
 * silentMember: a group member in a process of its own that takes entries and never settles them, until it is killed.
 * In: argv url, topic, group. Out: one line on stdout per entry it holds.
 * Invariant: it does nothing else, so that its death is the only event.
 * Source: docs/bus.md "how it is tested".
 */
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { systemClock } from '../../lib/primitives/clock.ts'

const [url = '', topic = '', group = ''] = process.argv.slice(2)
const bus = createRedisBus({ url, clock: systemClock, name: 'silent', claimIdleMs: 500 })
await bus.start()
const consumer = (): Promise<void> => {
  process.stdout.write('held\n')
  return new Promise(() => undefined)
}
await bus.subscribe(topic, consumer, { mode: 'shared', group, maxInFlight: 10, from: 'earliest' })
process.stdout.write('ready\n')
