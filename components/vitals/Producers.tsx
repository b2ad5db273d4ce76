/*
 * Producers: what each one tells of its own machine, beside the age of its last heartbeat.
 * In: the producers of a vitals answer. Out: a table.
 * Invariant: what a producer does not tell reads "not measured", never 0.
 * Source: docs/ux.md "vitals"; features A16.
 */
import type { Vitals } from '../../lib/contracts/httpVitals.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { bytesText, coresText, shareText } from './vitalsWords.ts'

export function Producers({ producers }: { readonly producers: Vitals['producers'] }) {
  if (producers.length === 0) return <p className="panel-note t2">No producer has sent a heartbeat yet.</p>
  return (
    <ScrollRegion label="Producers and their machines" className="vitals-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Producer</th>
            <th scope="col" className="num">
              Processor
            </th>
            <th scope="col" className="num">
              Memory
            </th>
            <th scope="col" className="num">
              GPU
            </th>
            <th scope="col" className="num">
              GPU memory
            </th>
            <th scope="col" className="num">
              Heartbeat
            </th>
          </tr>
        </thead>
        <tbody>
          {producers.map((producer) => (
            <tr key={producer.source}>
              <th scope="row" className="mono">
                {producer.source}
              </th>
              <td className="num">{coresText(producer.cpu_cores)}</td>
              <td className="num">{bytesText(producer.rss_bytes)}</td>
              <td className="num">{shareText(producer.gpu_util_ratio)}</td>
              <td className="num">{bytesText(producer.gpu_memory_bytes)}</td>
              <td className="num">{formatAge(producer.age_ms)} ago</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
