/* RunVitals: the machine of the run's own producers, next to what the run is. */
'use client'
import type { Vitals } from '../../lib/contracts/httpVitals.ts'
import { useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { Producers } from './Producers.tsx'

const ASK_MS = 5_000

/** `isPast`: the page shows a moment of the past, and this panel still the present. */
export function RunVitals({ runId, isPast = false }: { readonly runId: string; readonly isPast?: boolean }) {
  const { data, problem } = useApi<Vitals>('/api/vitals', { everyMs: ASK_MS })
  const failure = problem === null ? undefined : `${problem.text} (${problem.code}) Asking again.`
  return (
    <Panel
      className="run-vitals"
      title="Its machine"
      hint={`${isPast ? 'of the present, ' : ''}from the heartbeats of its producers`}
      state={failure !== undefined ? 'error' : data === null ? 'loading' : 'ready'}
      message={failure}
    >
      {data !== null && <Producers producers={data.producers.filter((producer) => producer.run_id === runId)} />}
    </Panel>
  )
}
