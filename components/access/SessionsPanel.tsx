/*
 * SessionsPanel: who is signed in now; ending a session.
 * In: /api/sessions. Out: a table.
 * Invariant: one's own session is marked; ending one says what follows.
 * Source: docs/security.md "sockets".
 */
'use client'
import type { SessionList } from '../../lib/contracts/httpAccess.ts'
import { askApi, useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { StatusLine } from './StatusLine.tsx'
import { TwoStep } from './TwoStep.tsx'
import { useAct } from './useAct.ts'

const minute = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`

export function SessionsPanel() {
  const { data, problem, refetch } = useApi<SessionList>('/api/sessions', { everyMs: 10_000 })
  const act = useAct(refetch)
  const state = data === null ? (problem === null ? 'loading' : 'error') : problem === null ? 'ready' : 'error'
  return (
    <Panel
      title="Sessions"
      hint={data === null ? undefined : `${data.sessions.length} open`}
      state={state}
      message={problem === null ? undefined : `${problem.text} (${problem.code})`}
    >
      {data !== null && (
        <ScrollRegion label="List of sessions" className="admin-scroll">
          <table className="admin-table">
            <thead>
              <tr>
                <th scope="col">Person</th>
                <th scope="col">Since</th>
                <th scope="col">Until</th>
                <th scope="col">What can be done</th>
              </tr>
            </thead>
            <tbody>
              {data.sessions.map((session) => (
                <tr key={session.id}>
                  <th scope="row">
                    {session.name}
                    {session.mine && <span className="t2"> (this one)</span>}
                  </th>
                  <td>{minute(session.created_at)}</td>
                  <td>{minute(session.expires_at)}</td>
                  <td>
                    <TwoStep
                      label="End"
                      question={session.mine ? 'You will be signed out.' : `${session.name} will be signed out.`}
                      disabled={act.busy}
                      onSure={() =>
                        act.run(async () => {
                          await askApi<SessionList>(`/api/sessions/${session.id}`, { method: 'DELETE' })
                          return `A session of ${session.name} has ended.`
                        })
                      }
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      <StatusLine act={act} />
    </Panel>
  )
}
