/*
 * messageBus.suite: the laws of the port, run unchanged on every driver.
 * In: a name, a factory of started buses over one shared world, what the driver can not do and why. Out: vitest tests.
 * Invariant: laws.json names every law; a law that did not run, or is not in the list, fails the suite.
 * Source: docs/bus.md "laws"; docs/architecture.md "seams".
 */
import { afterAll, describe, expect, test } from 'vitest'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { boundLaws } from './boundLaws.ts'
import { deliveryLaws } from './deliveryLaws.ts'
import { groupLaws } from './groupLaws.ts'
import type { LawBook } from './lawBook.ts'
import laws from './laws.json' with { type: 'json' }
import { lifecycleLaws } from './lifecycleLaws.ts'
import { placeLaws } from './placeLaws.ts'
import { topicLaws } from './topicLaws.ts'

export interface BusFactory {
  /** A started bus; all buses of one factory see the same topics. */
  create(): Promise<MessageBus>
  dispose(): Promise<void>
}

/** Laws a driver can not keep, each with its reason; printed, never silent. */
export type Skips = Readonly<Record<string, string>>

/** Declares the suite of one driver. */
export function messageBusSuite(name: string, makeFactory: () => Promise<BusFactory>, skips: Skips = {}): void {
  describe(name, () => {
    const ran = new Set<string>()
    let factory: Promise<BusFactory> | null = null
    let counter = 0
    const buses: MessageBus[] = []

    const bus = async (): Promise<MessageBus> => {
      factory ??= makeFactory()
      const made = await (await factory).create()
      buses.push(made)
      return made
    }
    const law = (title: string, body: (topic: string) => Promise<void>): void => {
      const reason = skips[title]
      if (reason !== undefined) {
        process.stdout.write(`${name}: law skipped: ${title}: ${reason}\n`)
        ran.add(title)
        test(`law: ${title}`, (context) => context.skip(reason))
        return
      }
      test(`law: ${title}`, { timeout: 30_000 }, async () => {
        await body(`law${counter++}.topic`)
        ran.add(title)
        await Promise.all(buses.splice(0).map((made) => made.stop(1_000)))
      })
    }
    afterAll(async () => {
      await Promise.all(buses.splice(0).map((made) => made.stop(100)))
      await (await factory)?.dispose()
    })

    const book: LawBook = { name, bus, buses, law }
    for (const declare of [deliveryLaws, groupLaws, placeLaws, topicLaws, boundLaws, lifecycleLaws]) declare(book)

    test('every law of laws.json ran', () => {
      const skipped = Object.keys(skips).length
      process.stdout.write(`${name}: ${ran.size - skipped} of ${laws.length} laws executed, ${skipped} skipped\n`)
      expect([...ran].sort()).toEqual([...laws].sort())
    })
  })
}
