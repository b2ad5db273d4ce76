/*
 * Commands page: who is in control, what is stopped, what waits, runs, is unknown, and what was.
 * In: lists over HTTP that pushes keep fresh; a command named by the address. Out: a list beside the chosen command.
 * Invariant: on failure a count reads "?", never 0; a row does not move while one is pointed at; nothing acts without its own preview.
 * Source: docs/ux.md "pages: commands"; docs/commands.md.
 */
'use client'
import { useEffect, useState } from 'react'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { CommandCard } from '../ops/CommandCard.tsx'
import { useOps } from '../ops/OpsProvider.tsx'
import type { ApiProblem } from '../records/useApi.ts'
import { useCommandAnswer } from '../ops/useSend.ts'
import { stateWords } from '../ops/stageWords.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { CommandRows } from './CommandRows.tsx'
import { ControlPanel } from './ControlPanel.tsx'
import { NewCommand } from './NewCommand.tsx'
import { ResumePanel } from './ResumePanel.tsx'
import { LISTS, type ListName, useCommandList } from './useCommandList.ts'

const ID = /^#[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What the part of the address after # says; null on the server. */
function useHash(): readonly [string, (hash: string) => void] {
  const [hash, setHash] = useState('')
  useEffect(() => {
    const read = (): void => setHash(location.hash)
    read()
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  const go = (next: string): void => {
    history.replaceState(history.state, '', `${location.pathname}${location.search}${next}`)
    setHash(next)
  }
  return [hash, go]
}

export function CommandsPage() {
  const { session } = useLive()
  useLiveTopic(['runs', 'view'], 500)
  const { status, line, problem } = useOps()
  const [hash, go] = useHash()
  const [list, setList] = useState<ListName>('open')
  const answer = useCommandList(list)
  const asked = ID.test(hash) ? hash.slice(1) : null
  const { record: chosen, problem: missing } = useCommandAnswer(asked)
  const runId = session.store.run()?.descriptor.run_id ?? null
  const open = answer.open
  const counts: Readonly<Record<ListName, number | null>> = {
    open: open === null ? null : open.held + open.running,
    approvals: open?.approvals ?? null,
    unknown: open?.unknown ?? null,
    final: null,
  }
  return (
    <PageMain title="Commands">
      <div className="commands-page">
        <ControlPanel />
        {(status?.halted ?? null) !== null || hash === '#resume' ? <ResumePanel /> : null}
        <div className="commands-body">
          <Panel
            title="Commands"
            className="commands-list"
            hint={
              line === 'up'
                ? 'pushed as they move on'
                : `asked for every few seconds: the live line is ${line === 'down' ? 'down' : 'not up yet'}${problem === null ? '' : ` (${problem})`}`
            }
            actions={
              <button type="button" aria-pressed={hash === '#new'} onClick={() => go(hash === '#new' ? '' : '#new')}>
                New for many seeds
              </button>
            }
            state={answer.problem !== null ? 'error' : answer.rows === null ? 'loading' : 'ready'}
            message={
              answer.problem === null
                ? ''
                : `${answer.problem.text} (${answer.problem.code}) What was known stays below.`
            }
          >
            <div className="tabs" role="tablist" aria-label="Lists">
              {LISTS.map((name) => (
                <button
                  key={name}
                  type="button"
                  role="tab"
                  aria-selected={list === name}
                  aria-controls="command-rows"
                  onClick={() => setList(name)}
                >
                  {{ open: 'Under way', approvals: 'Approvals', unknown: 'Unknown', final: 'History' }[name]}
                  {name !== 'final' && (
                    <span className="num"> {counts[name] === null ? '?' : formatCount(counts[name] ?? 0)}</span>
                  )}
                </button>
              ))}
            </div>
            <div id="command-rows" role="tabpanel" aria-label="Commands">
              {answer.rows !== null && answer.rows.length === 0 && <Empty list={list} />}
              <CommandRows rows={answer.rows ?? []} chosen={chosen?.id ?? null} onChoose={(id) => go(`#${id}`)} />
              {answer.more && (
                <button type="button" className="link" onClick={answer.loadMore}>
                  Older ones
                </button>
              )}
            </div>
          </Panel>
          <div className="commands-detail">
            {hash === '#new' ? (
              <NewCommand runId={runId} />
            ) : chosen === null ? (
              <NoCommand asked={asked} problem={missing} />
            ) : (
              <Panel title={chosen.text} hint={stateWords(chosen.state)} className="command-detail">
                <CommandCard record={chosen} />
              </Panel>
            )}
          </div>
        </div>
      </div>
    </PageMain>
  )
}

/** Nothing was chosen, it is on its way, it can not be asked for, or there is none of this id: four things that must not look alike. */
function NoCommand({ asked, problem }: { readonly asked: string | null; readonly problem: ApiProblem | null }) {
  if (asked === null)
    return (
      <Panel
        title="No command is chosen"
        state="empty"
        message="Choose one in the list, compose one for many seeds with the button above it, or for one seed in its inspector (c)."
      />
    )
  if (problem === null) return <Panel title="Command" state="loading" />
  if (problem.status === 404)
    return (
      <Panel
        title="Unknown command"
        state="empty"
        message={`No command has the id ${asked}. The link may be of another installation, or of a command that was refused before it was taken: then there is no record of it. Choose one in the list.`}
      />
    )
  return <Panel title="Command" state="error" message={`${problem.text} (${problem.code}) It is asked for again.`} />
}

function Empty({ list }: { readonly list: ListName }) {
  const words: Readonly<Record<ListName, string>> = {
    open: 'Nothing is under way. Choose a seed on the Live page, open its inspector (i) and compose a command (c).',
    approvals: 'Nothing waits for a second person.',
    unknown: 'Every command has a known outcome.',
    final: 'No command was sent yet.',
  }
  return <p className="panel-note t2">{words[list]}</p>
}
