/*
 * AdminPage: people with their roles, service tokens, open sessions, each with what can be done about it.
 * In: the session, /api/users, /api/tokens, /api/sessions. Out: three panels.
 * Invariant: what ends somebody's access is asked for twice and says what follows; a new token is shown once.
 * Source: docs/security.md; docs/ux.md "admin".
 */
'use client'
import type { SessionView } from '../../lib/contracts/httpAccess.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { PeoplePanel } from './PeoplePanel.tsx'
import { SessionsPanel } from './SessionsPanel.tsx'
import { TokensPanel } from './TokensPanel.tsx'
import { useSession } from './useSession.ts'

export function AdminPage() {
  const { data, problem } = useSession()
  return (
    <PageMain title="Admin">
      <div className="admin">
        {data === null ? (
          <Panel
            title="People"
            state={problem === null ? 'loading' : 'error'}
            message={problem === null ? undefined : `${problem.text} (${problem.code})`}
          />
        ) : (
          <AdminPanels session={data} />
        )}
      </div>
    </PageMain>
  )
}

function AdminPanels({ session }: { readonly session: SessionView }) {
  if (!session.subject.permissions.includes('admin'))
    return (
      <Panel
        title="Admin"
        state="empty"
        message={`This page is for administrators; you are ${session.subject.name} (${session.subject.roles.join(', ') || 'no roles'}). An administrator can give you the role.`}
      />
    )
  if (session.mode === 'demo')
    return (
      <>
        <Panel
          title="People"
          state="empty"
          message="This is a demo: nobody signs in, so there are no people and no sessions. Start with AUTH=required to have them. Tokens for programs work here too."
        />
        <TokensPanel />
      </>
    )
  return (
    <>
      <PeoplePanel me={session.subject.id} />
      <TokensPanel />
      <SessionsPanel />
    </>
  )
}
