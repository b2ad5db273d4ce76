/*
 * Thread page: one causal thread from what began it to what came of it, with every latency.
 * In: the id of the path. Out: a page that stays up to date while the thread goes on.
 * Invariant: what is not kept is said with how far back the index goes; the last good answer stays while the server is away.
 * Source: docs/ux.md "causal thread"; features F7.
 */
'use client'
import type { ThreadView } from '../../lib/contracts/httpThreads.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { useApi, type ApiAnswer } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { useShell } from '../shell/ShellContext.tsx'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Panel } from '../ui/Panel.tsx'
import { CauseTimeline } from './CauseTimeline.tsx'
import { momentText } from './causeWords.ts'
import { IndexNote } from './IndexNote.tsx'

const ASK_EVERY_MS = 2_000
const SHOWN_ID = 24
const LEAD_MS = 10_000

/** The Live page as it was a little before a moment. */
const pastHref = (runId: string, atMs: number): string =>
  `/?run=${encodeURIComponent(runId)}&at=${encodeURIComponent(new Date(atMs - LEAD_MS).toISOString())}`

export function ThreadPage({ id }: { readonly id: string }) {
  const answer = useApi<ThreadView>(`/api/threads/${encodeURIComponent(id)}`, { everyMs: ASK_EVERY_MS })
  const { data, problem } = answer
  return (
    <PageMain title="Thread" ownHeading>
      <div className="cause-page">
        <Head id={id} data={data} />
        <Panel
          title="What led to what"
          state={data === null ? (problem === null ? 'loading' : 'empty') : problem === null ? 'ready' : 'error'}
          message={
            problem === null
              ? ''
              : `${problem.text} (${problem.code})${data === null ? '' : ' What was known stays below.'}`
          }
          hint={hintOf(answer)}
        >
          {data !== null && (
            <>
              <CauseTimeline label="Causal thread" nodes={data.nodes} edges={data.edges} gaps={data.gaps} />
              <IndexNote index={data.index} />
            </>
          )}
        </Panel>
      </div>
    </PageMain>
  )
}

function hintOf({ data }: ApiAnswer<ThreadView>): string {
  if (data === null) return ''
  const members = data.nodes.filter(({ relation }) => relation === 'member').length
  const beside = data.nodes.length - members
  const left = data.of > members ? ` of ${formatCount(data.of)}, the middle is left out` : ''
  return `${formatCount(members)} moments${left}${beside === 0 ? '' : `, ${formatCount(beside)} beside`}, ${formatAge(data.to_ms - data.from_ms)} from first to last`
}

function Head({ id, data }: { readonly id: string; readonly data: ThreadView | null }) {
  const { act, show } = useShell()
  const place =
    data === null
      ? ' '
      : [
          data.run_id === null ? null : `run ${data.run_id}`,
          data.layer_id === null ? null : `${data.layer_id}${data.seed_id === null ? '' : `/${data.seed_id}`}`,
          `${new Date(data.from_ms).toISOString().slice(0, 10)} ${momentText(data.from_ms)} UTC`,
        ]
          .filter((part) => part !== null)
          .join(', ')
  return (
    <section className="panel cause-head" aria-labelledby="thread-title">
      <div className="cause-title">
        <h1 id="thread-title">{data === null ? 'Thread' : data.title}</h1>
        <p className="t2">{place}</p>
      </div>
      <div className="cause-actions">
        <CopyValue
          value={id}
          provenance={{
            link: `${typeof location === 'undefined' ? '' : location.origin}/threads/${encodeURIComponent(id)}`,
          }}
        >
          <span className="mono">{id.length > SHOWN_ID ? `${id.slice(0, SHOWN_ID)}…` : id}</span>
        </CopyValue>
        <button type="button" onClick={() => act('copy-link')}>
          Copy link
        </button>
        {data !== null && data.run_id !== null && (
          <a className="button-link" href={pastHref(data.run_id, data.from_ms)}>
            Replay from 10 s before
          </a>
        )}
        <button
          type="button"
          disabled={data === null}
          onClick={() =>
            data !== null &&
            show({
              kind: 'changes',
              place: {
                atMs: data.from_ms,
                layerId: data.layer_id,
                seedId: data.layer_id === null ? null : data.seed_id,
                runId: data.run_id,
              },
            })
          }
        >
          What changed before?
        </button>
      </div>
    </section>
  )
}
