/*
 * foreign: the doors for publishers we did not write: the v2 client and the newer generation's events.
 * In: deliveries of their streams. Out: what their readers make of them, and one set of counters.
 * Invariant: nothing here can stop the ingest; every entry is used, held as a gap, kept as opaque, or refused with its path.
 * Source: docs/connect-your-own-run.md; docs/protocol.md "what other publishers may send".
 */
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { FOREIGN_PATTERN } from '../../lib/compat/v2/foreignTopic.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { ExternalReports } from './externalReports.ts'
import { createClaimReader } from './foreignClaims.ts'
import { createForeignLeyline } from './foreignLeyline.ts'
import type { ForeignTeller } from './foreignTeller.ts'
import { createForeignV2 } from './foreignV2.ts'
import type { ForeignCounters, IngestMessage, RecordDraft } from './ingestMessages.ts'
import type { RunTable } from './runTable.ts'

/** Patterns of foreign streams and who reads them. */
export const FOREIGN_PATTERNS = Object.freeze([
  { pattern: FOREIGN_PATTERN, accept: 'acceptV2' },
  { pattern: topicName('foreignLeyline'), accept: 'acceptLeyline' },
] as const)

export interface ForeignOptions {
  readonly runs: RunTable
  readonly external: ExternalReports
  readonly clock: Clock
  readonly toWallMs: (busMs: number) => number
  readonly record: (draft: RecordDraft) => void
  readonly refuse: (error: unknown, delivery: Delivery) => void
  readonly post: (message: IngestMessage) => void
  readonly teller: ForeignTeller
  readonly claimCheckDir: string | null
}

export interface Foreign {
  acceptV2(delivery: Delivery): void | Promise<void>
  acceptLeyline(delivery: Delivery): void
  /** Lets time pass: unanswered commands, gathered oddities. Called about once a second. */
  tick(): void
  duplicates(): number
  counters(): ForeignCounters
}

/** Creates the readers of foreign streams for one ingest. */
export function createForeign(options: ForeignOptions): Foreign {
  const { teller, post, claimCheckDir, ...shared } = options
  const v2 = createForeignV2({
    ...shared,
    teller,
    onGap: (runId, gap) => post({ kind: 'gap', runId, gap }),
    readClaim: createClaimReader(claimCheckDir),
  })
  const leyline = createForeignLeyline({ ...shared, teller })
  return {
    acceptV2: (delivery) => v2.accept(delivery),
    acceptLeyline: (delivery) => leyline.accept(delivery),
    tick() {
      v2.expire()
      teller.tell()
    },
    duplicates: () => v2.counters().duplicates + leyline.counters().duplicates,
    counters() {
      const { overtaken, commands } = v2.counters()
      const others = leyline.counters()
      return {
        overtaken: overtaken + others.overtaken,
        commands,
        claimChecksMissing: teller.missingTotal(),
        flagged: teller.flagged(),
        opaque: others.opaque,
      }
    },
  }
}
