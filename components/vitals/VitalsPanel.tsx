/*
 * VitalsPanel: what this server, its threads, Redis and the producers use, and the share that the bus takes of it.
 * In: GET /api/vitals every two seconds while somebody looks. Out: facts and two tables.
 * Invariant: what was not measured says so; the last good answer stays below a failure.
 * Source: docs/ux.md "vitals"; features A16.
 */
'use client'
import type { Vitals } from '../../lib/contracts/httpVitals.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { Producers } from './Producers.tsx'
import { bytesText, coresText, msText, shareText } from './vitalsWords.ts'

const ASK_MS = 2_000

export function VitalsPanel({ className = '' }: { readonly className?: string }) {
  const { data, problem } = useApi<Vitals>('/api/vitals', { everyMs: ASK_MS })
  const failure = problem === null ? undefined : `${problem.text} (${problem.code}) Asking again.`
  if (data === null)
    return <Panel className={className} title="Vitals" state={problem ? 'error' : 'loading'} message={failure} />
  const over = data.over_ms === null ? 'first reading, no rates yet' : `rates over ${formatAge(data.over_ms)}`
  return (
    <Panel
      className={className}
      title="Vitals"
      hint={over}
      {...(failure === undefined ? {} : { state: 'error' as const, message: failure })}
    >
      <dl className="facts vitals">
        {factsOf(data).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={value === 'not measured' ? 't3' : ''}>{value}</dd>
          </div>
        ))}
      </dl>
      {data.redis_missing !== null && <p className="panel-note t2">{data.redis_missing}</p>}
      <h3 className="vitals-title">Threads of this server</h3>
      <ScrollRegion label="Threads of this server" className="vitals-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Thread</th>
              <th scope="col">State</th>
              <th scope="col" className="num">
                Processor
              </th>
              <th scope="col" className="num">
                Event loop busy
              </th>
            </tr>
          </thead>
          <tbody>
            {data.threads.map((thread) => (
              <tr key={thread.name}>
                <th scope="row">{thread.name}</th>
                <td className={thread.state === 'running' ? '' : 'tone-warn'}>{thread.state}</td>
                <td className="num">{coresText(thread.cpu_cores)}</td>
                <td className="num">{shareText(thread.busy_ratio)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <h3 className="vitals-title">Producers</h3>
      <Producers producers={data.producers} />
    </Panel>
  )
}

function factsOf({ host, process, redis, overhead }: Vitals): readonly (readonly [string, string])[] {
  return [
    ['Server process', coresText(process.cpu_cores)],
    ['Its memory', `${bytesText(process.rss_bytes)}, ${bytesText(process.heap_bytes)} heap`],
    ['Event-loop delay, p99', msText(process.loop_p99_ms)],
    ['Event-loop delay, longest', msText(process.loop_max_ms)],
    ['Machine', `${formatCount(host.cores)} cores, load ${host.load_1m === null ? '?' : host.load_1m.toFixed(1)}`],
    ['Memory free', `${bytesText(host.memory_free_bytes)} of ${bytesText(host.memory_bytes)}`],
    ['Bus share of processor', shareText(overhead.cpu_ratio)],
    ['Bus share of bytes', shareText(overhead.bytes_ratio)],
    ...(redis === null
      ? []
      : ([
          [`Redis ${redis.version}`, coresText(redis.cpu_cores)],
          [
            'Redis memory',
            `${bytesText(redis.memory_bytes)}${redis.memory_max_bytes === null ? ', no bound' : ` of ${bytesText(redis.memory_max_bytes)}`}`,
          ],
          ['Redis operations/s', redis.ops_per_s === null ? 'not measured' : formatCount(redis.ops_per_s)],
          [
            'Redis in, out',
            redis.bytes_in_per_s === null
              ? 'not measured'
              : `${bytesText(redis.bytes_in_per_s)}/s, ${bytesText(redis.bytes_out_per_s)}/s`,
          ],
        ] as const)),
  ]
}
