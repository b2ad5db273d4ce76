import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { AppError } from '../../../../lib/contracts/appError.ts'
import { createPortBus, servePublisher, type PublisherBus } from '../../../../server/workers/publisherPort.ts'

function setUp(bus: Partial<PublisherBus>) {
  const { port1, port2 } = new MessageChannel()
  servePublisher(port1, bus as PublisherBus)
  return { bus: createPortBus(port2), port1, close: () => port1.close() }
}
const message = { type: 'x', data: new Uint8Array([1, 2, 3]) }

test('a publish arrives whole and settles with the cursor the bus gave', async () => {
  const seen: unknown[] = []
  const { bus, close } = setUp({
    publish: (topic, sent, options) => {
      seen.push([topic, [...sent.data], options])
      return Promise.resolve(`${seen.length}-0`)
    },
  })
  expect(await bus.publish('a.b', message, { maxLen: 5 })).toBe('1-0')
  expect(await bus.publish('a.b', message)).toBe('2-0')
  expect(seen).toEqual([
    ['a.b', [1, 2, 3], { maxLen: 5 }],
    ['a.b', [1, 2, 3], {}],
  ])
  close()
})

test('a refusal keeps its code', async () => {
  const { bus, close } = setUp({ publish: () => Promise.reject(new AppError('BUS_TOO_LARGE', 'too much')) })
  await expect(bus.publish('a', message)).rejects.toMatchObject({ code: 'BUS_TOO_LARGE', message: 'too much' })
  close()
})

test('when the thread of the bus ends, what is open and what comes later fails', async () => {
  const { bus, close } = setUp({ read: () => new Promise(() => undefined) })
  const open = expect(bus.read('a', {})).rejects.toMatchObject({ code: 'BUS_STOPPED' })
  close()
  await open
  await expect(bus.publish('a', message)).rejects.toMatchObject({ code: 'BUS_STOPPED' })
})
