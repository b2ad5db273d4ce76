/*
 * Run facts: what the run is, and what it may fairly be compared with.
 * In: the run and the answer about it. Out: facts, and the comparator that is larger than growth reaches.
 * Invariant: what a publisher did not say is "not said", never 0.
 * Source: docs/training.md; docs/ux.md "pages: run".
 */
import type { RunDetail } from '../../lib/contracts/httpRuns.ts'
import { formatCount, formatPercent, formatUtc } from '../../lib/live/formatValue.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Panel } from '../ui/Panel.tsx'
import { originWords } from './keepingWords.ts'

export function RunFacts({ run, detail }: { readonly run: RunView; readonly detail: RunDetail | null }) {
  const { descriptor, firstSeenMs } = run
  const seeds = descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
  const { dataset } = descriptor
  const pictures = detail?.pictures
  const still = detail?.static_comparator ?? null
  const facts: readonly (readonly [string, string])[] = [
    ['Run', descriptor.run_id],
    ['Origin', originWords(descriptor.origin)],
    ['First seen', `${formatUtc(firstSeenMs)} UTC`],
    ['Run seed', String(descriptor.seed)],
    ['Seeds', `${formatCount(seeds)} in ${formatCount(descriptor.layers.length)} layers`],
    ['Host parameters', descriptor.host_parameters === 0 ? 'not said' : formatCount(descriptor.host_parameters)],
    ['Architecture', descriptor.architecture || 'not said'],
    ['Data set', dataset.name || 'not said'],
    ['Samples', dataset.samples === 0 ? 'not said' : formatCount(dataset.samples)],
    ['Split', dataset.split || 'not said'],
    ['Steps per tick', formatCount(descriptor.steps_per_tick)],
    [
      'Pictures kept',
      pictures === undefined
        ? 'being asked'
        : (pictures.none_because ??
          `${formatCount(pictures.count)}, step ${formatCount(pictures.first_step)} to ${formatCount(pictures.last_step)}`),
    ],
  ]
  return (
    <Panel title="About this run" className="run-facts">
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value === 'not said' || value === 'being asked' ? (
                value
              ) : (
                <CopyValue
                  value={value}
                  provenance={{
                    metric: name,
                    run: descriptor.run_id,
                    producer: descriptor.source,
                    schema: `v${descriptor.version}, layout ${descriptor.schema_id.toString(16)}`,
                    atMs: firstSeenMs,
                    quality: 'raw, as the run was announced',
                  }}
                />
              )}
            </dd>
          </div>
        ))}
      </dl>
      {descriptor.control_curve !== null && (
        <p className="t2 run-caveat">
          The pale line is a recorded run of the same seed that was not allowed to grow.
          {still !== null &&
            ` A static network of about the grown size (${formatCount(still.parameters)} parameters), trained from the start, reached ${formatPercent(still.accuracy)} on the ${still.split} split after ${formatCount(still.steps)} steps, recorded once with run seed ${still.run_seed}: that is more than growth reaches. What this run shows is the mechanics of growing.`}
        </p>
      )}
    </Panel>
  )
}
