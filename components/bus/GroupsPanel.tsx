/*
 * GroupsPanel: the groups that share the work of a stream, with what they hold and what waits for them.
 * In: a bus answer. Out: a table by topic and group.
 * Invariant: what the bus did not tell is unknown, never zero.
 * Source: docs/bus.md.
 */
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { countOrUnknown } from './streamRows.ts'

export function GroupsPanel({ report }: { readonly report: BusReport }) {
  const groups = report.groups.toSorted((a, b) => `${a.topic} ${a.group}`.localeCompare(`${b.topic} ${b.group}`, 'en'))
  if (groups.length === 0)
    return <Panel className="bus-wide" title="Groups" state="empty" message="No group has been found on any stream." />
  return (
    <Panel className="bus-wide" title="Groups" hint={`${formatCount(groups.length)}, each shares the work of a stream`}>
      <ScrollRegion label="Table of groups" className="bus-scroll">
        <table>
          <caption className="visually-hidden">Groups by topic</caption>
          <thead>
            <tr>
              <th scope="col">Topic</th>
              <th scope="col">Group</th>
              <th scope="col" className="num">
                In work
              </th>
              <th scope="col" className="num">
                Waiting
              </th>
            </tr>
          </thead>
          <tbody>
            {groups.map(({ topic, group, pending, lag }) => (
              <tr key={`${topic} ${group}`}>
                <th scope="row" className="mono">
                  {topic}
                </th>
                <td className="mono">{group}</td>
                <td className={pending === null ? 'num t3' : 'num'}>{countOrUnknown(pending)}</td>
                <td className={lag === null ? 'num t3' : 'num'}>{countOrUnknown(lag)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  )
}
