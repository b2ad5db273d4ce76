/*
 * EntryPanel: one entry: the sentence first, then what it changed, its thread, its proof, its signed text.
 * In: its number. Out: facts; ways to its thread, to the moment before it, to a link.
 * Invariant: what the proof and the signature say was looked at now, by the server; what can not be proved yet says why.
 * Source: docs/ux.md "pages: audit"; docs/audit.md "tree"; features F4, F6.
 */
'use client'
import Link from 'next/link'
import type { AuditDetail, AuditProof } from '../../lib/contracts/httpAudit.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { OUTCOME_LOOK, sentenceOf } from './auditWords.ts'

const BEFORE_MS = 10_000

interface Props {
  readonly seq: number
  readonly onOpen: (seq: number) => void
  readonly onFilter: (term: string) => void
  readonly onCopy: (seq: number) => void
  readonly onClose: () => void
}

export function EntryPanel({ seq, onOpen, onFilter, onCopy, onClose }: Props) {
  // A proof comes as soon as the verifier has reached the entry: asked again until then.
  const { data, problem } = useApi<AuditDetail>(`/api/audit/${seq}`, { everyMs: 5_000 })
  return (
    <Panel
      title={`Entry ${formatCount(seq)}`}
      className="audit-entry"
      state={problem !== null ? 'error' : data === null ? 'loading' : 'ready'}
      message={problem === null ? '' : `${problem.text} (${problem.code})`}
      actions={
        <>
          <button type="button" onClick={() => onCopy(seq)}>
            Copy link
          </button>
          <button type="button" onClick={onClose}>
            Close
          </button>
        </>
      }
    >
      {data !== null && <Detail data={data} onOpen={onOpen} onFilter={onFilter} />}
    </Panel>
  )
}

function Detail({
  data,
  onOpen,
  onFilter,
}: {
  readonly data: AuditDetail
  readonly onOpen: (seq: number) => void
  readonly onFilter: (term: string) => void
}) {
  const { entry, diff, thread, proof } = data
  const { mark, tone } = OUTCOME_LOOK[entry.outcome]
  const before = new Date(Date.parse(entry.at) - BEFORE_MS).toISOString()
  const facts: readonly (readonly [string, string | null])[] = [
    ['When', `${entry.at} (here ${new Date(entry.at).toLocaleString()})`],
    ['Who', `${entry.actor}${entry.actor_name === null ? '' : ` (${entry.actor_name})`}, ${entry.method}`],
    ['Roles', entry.roles.join(', ') || null],
    ['Act', entry.action],
    ['On', `${entry.object.type} ${entry.object.id}`],
    [
      'Layer',
      entry.layer_id === null ? null : `${entry.layer_id}${entry.seed_id === null ? '' : ` / ${entry.seed_id}`}`,
    ],
    ['Guard level', entry.level === null ? null : String(entry.level)],
    ['Reason', entry.reason],
    ['Approved by', entry.approvers.join(', ') || null],
    ['Clock', entry.clock_back_ms === null ? null : `went back by ${entry.clock_back_ms} ms`],
    ['Hash', entry.hash],
    ['Hash before', entry.prev_hash],
    ['Key', data.key_id],
  ]
  return (
    <div className="audit-detail">
      <p className={`audit-sentence ${entry.outcome === 'denied' ? 'tone-crit' : ''}`}>
        <span className={tone} aria-hidden="true">
          {mark}
        </span>{' '}
        {sentenceOf(entry)}.
      </p>
      <p className="audit-actions">
        <a href={`/?at=${encodeURIComponent(before)}`}>10 s before</a>
        {entry.correlation_id !== null && (
          <>
            <Link href={THREAD_LINKS.thread(entry.correlation_id)} prefetch={false}>
              Causal thread
            </Link>
            <button type="button" className="link" onClick={() => onFilter(`correlation:${entry.correlation_id}`)}>
              Only its thread
            </button>
          </>
        )}
        <button
          type="button"
          className="link"
          disabled={thread.before === null}
          onClick={() => thread.before !== null && onOpen(thread.before)}
        >
          Before it in the thread
        </button>
        <button
          type="button"
          className="link"
          disabled={thread.after === null}
          onClick={() => thread.after !== null && onOpen(thread.after)}
        >
          After it
        </button>
        {entry.command_id !== null && <a href={`/commands#${entry.command_id}`}>The command</a>}
      </p>
      {diff.length > 0 && (
        <table className="audit-diff">
          <caption>What it changed</caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {diff.map(({ path, before: old, after }) => (
              <tr key={path}>
                <th scope="row" className="mono">
                  {path}
                </th>
                <td className="mono">
                  {old === undefined ? <span className="t2">not there</span> : <del>{JSON.stringify(old)}</del>}
                </td>
                <td className="mono">
                  {after === undefined ? <span className="t2">not there</span> : <ins>{JSON.stringify(after)}</ins>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <dl className="facts audit-facts">
        {facts.map(([name, text]) =>
          text === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={name.startsWith('Hash') || name === 'Key' ? 'mono' : undefined}>{text}</dd>
            </div>
          ),
        )}
      </dl>
      <section aria-label="Evidence" className="audit-evidence">
        <Held holds={data.hash_holds} text="its bytes give its hash" not="its bytes give another hash" />
        <Held
          holds={data.signature_holds}
          text="signed by the key of this installation"
          not="its signature is of another key, or of other bytes"
        />
        {proof === null ? (
          <p className="t2">○ {data.why_no_proof}</p>
        ) : (
          <Held
            holds={proof.holds}
            text={`in the log of ${formatCount(proof.size)} entries that a checkpoint signed, by ${proof.hashes.length} hashes`}
            not={`not the entry that the signed log of ${formatCount(proof.size)} entries holds`}
          />
        )}
        {proof !== null && <Proof proof={proof} />}
      </section>
      <details>
        <summary>Signed text</summary>
        <pre className="mono">{pretty(data.text)}</pre>
        <p className="t2">
          Signature <span className="mono">{data.signature}</span>
        </p>
      </details>
    </div>
  )
}

function Held({ holds, text, not }: { readonly holds: boolean; readonly text: string; readonly not: string }) {
  return (
    <p className={holds ? '' : 'tone-crit'}>
      <span aria-hidden="true">{holds ? '✓' : '✕'}</span> {holds ? text : not}
    </p>
  )
}

function Proof({ proof }: { readonly proof: AuditProof }) {
  return (
    <details>
      <summary>Proof</summary>
      <pre className="mono">
        {proof.note}
        {'\n'}
        {proof.hashes.join('\n')}
      </pre>
    </details>
  )
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
