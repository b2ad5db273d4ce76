import { systemClock } from '../../lib/primitives/clock.ts'
import { openInstallationLog } from '../../server/audit/openInstallationLog.ts'
import { openRecords } from '../../server/stores/recordsDatabase.ts'

/** A process that appends as fast as it can and prints the number of each entry that was acknowledged, until it is killed. */
const [dataDir] = process.argv.slice(2) as [string]
const records = await openRecords(`sqlite:${dataDir}/morphoscope.db`)
const onProblem = (text: string): void => void process.stderr.write(`${text}\n`)
const audit = await openInstallationLog({ dataDir, records, clock: systemClock, onProblem })
for (let n = 0; ; n++) {
  const drafts = Array.from({ length: 1 + (n % 7) }, (_, at) => ({
    actor: { id: 'demo-1', roles: ['operator' as const], method: 'demo' as const },
    action: 'command.intent',
    object: { type: 'seed', id: `embed/${at}` },
    outcome: 'intent' as const,
    ...(n % 3 === 0 ? { commandId: `c-${n}-${at}` } : {}),
  }))
  const receipts = await Promise.all(drafts.map((draft) => audit.append(draft)))
  for (const { seq, hash } of receipts) process.stdout.write(`${seq} ${hash}\n`)
}
