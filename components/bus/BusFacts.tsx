/*
 * BusFacts: the connection and what went wrong on it, in figures.
 * In: a bus answer. Out: two panels of names and values.
 * Invariant: every figure comes from the answer; what it does not know is said so.
 * Source: docs/bus.md; docs/protocol.md "HTTP".
 */
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { Panel } from '../ui/Panel.tsx'

type Fact = readonly [name: string, value: string]

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${formatCount(count)}`)
    .join(', ')

function FactList({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="facts bus-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

export function ConnectionPanel({ report }: { readonly report: BusReport }) {
  const since = new Date(report.since)
  return (
    <Panel title="Connection" hint={`${report.driver} is ${report.state}`}>
      <FactList
        facts={[
          ['State', report.state],
          ['Since, UTC', `${since.toISOString().slice(0, 10)} ${formatUtc(since.getTime())}`],
          ['Cause', report.cause ?? 'none since then'],
          ['Address', report.address],
          ['Reconnected', `${formatCount(report.reconnects)} times`],
          ['Waiting to be sent', formatCount(report.pending_publishes)],
          ...report.buffers.map((buffer): Fact => [
            `${buffer.name[0]?.toUpperCase() ?? ''}${buffer.name.slice(1)}`,
            `${formatCount(buffer.used)} of ${formatCount(buffer.capacity)}, ${formatCount(buffer.dropped)} dropped`,
          ]),
        ]}
      />
    </Panel>
  )
}

export function LossesPanel({ report }: { readonly report: BusReport }) {
  const { foreign } = report
  // Before the reader told its first figures every zero of the answer is only a beginning.
  if (foreign === null)
    return (
      <Panel title="Losses and oddities" state="empty" message="Unknown: the reader of the bus has not told yet." />
    )
  const { waiting, settled, unknown } = foreign.commands
  const flagged = Object.entries(foreign.flagged).map(([layer, kinds]) => `${layer}: ${counted(kinds)}`)
  return (
    <Panel title="Losses and oddities" hint="since the reader started">
      <FactList
        facts={[
          ['Lost', `${formatCount(report.lost)} reports`],
          ['Arrived twice', `${formatCount(report.duplicates)}, shown once`],
          ['Dead letters', formatCount(report.dead_letters)],
          ['Unknown types', counted(report.unknown_types) || 'none'],
          ['Foreign values overtaken', formatCount(foreign.overtaken)],
          ['Foreign batches not found', formatCount(foreign.claim_checks_missing)],
          [
            'Foreign commands',
            `${formatCount(waiting)} waiting, ${formatCount(settled)} answered, ${formatCount(unknown)} unknown`,
          ],
          ['Foreign values unmeasured', flagged.join('; ') || 'none'],
          ['Foreign records not drawn', counted(foreign.opaque) || 'none'],
        ]}
      />
    </Panel>
  )
}
