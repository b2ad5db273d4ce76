/*
 * TokensPanel: service tokens of programs: what they may, until when; new ones, ending them.
 * In: /api/tokens. Out: a table, a form, the new token once.
 * Invariant: a token is shown exactly once; afterwards only its name and what it may.
 * Source: docs/security.md "tokens".
 */
'use client'
import { useState } from 'react'
import type { MadeToken, TokenItem, TokenList } from '../../lib/contracts/httpAccess.ts'
import { askApi, useApi } from '../records/useApi.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { Field } from './Field.tsx'
import { StatusLine } from './StatusLine.tsx'
import { TwoStep } from './TwoStep.tsx'
import { useAct, type Act } from './useAct.ts'
import { useSession } from './useSession.ts'

const TOKEN_PERMISSIONS = ['viewer', 'operator', 'auditor', 'metrics'] as const

export function TokensPanel() {
  const { data, problem, refetch } = useApi<TokenList>('/api/tokens', { everyMs: 10_000 })
  const act = useAct(refetch)
  const [made, setMade] = useState<string | null>(null)
  const state = data === null ? (problem === null ? 'loading' : 'error') : problem === null ? 'ready' : 'error'
  return (
    <Panel
      title="Service tokens"
      hint="for programs: Authorization: Bearer"
      state={state}
      message={problem === null ? undefined : `${problem.text} (${problem.code})`}
    >
      {data !== null && data.tokens.length === 0 && <p className="panel-note t2">No token was made yet.</p>}
      {data !== null && data.tokens.length > 0 && (
        <ScrollRegion label="List of tokens" className="admin-scroll">
          <table className="admin-table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">May</th>
                <th scope="col">Ends</th>
                <th scope="col">What can be done</th>
              </tr>
            </thead>
            <tbody>
              {data.tokens.map((token) => (
                <TokenRow key={token.id} token={token} act={act} />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      <NewTokenForm act={act} onMade={setMade} />
      {made !== null && (
        <p className="panel-note tone-info">
          <span>
            This is the token. It is not shown again: <CopyValue value={made} provenance={{}} />
          </span>
          <button type="button" onClick={() => setMade(null)}>
            I have it
          </button>
        </p>
      )}
      <StatusLine act={act} />
    </Panel>
  )
}

function TokenRow({ token, act }: { readonly token: TokenItem; readonly act: Act }) {
  const day = (at: string): string => at.slice(0, 10)
  return (
    <tr>
      <th scope="row">
        {token.name} <span className="t2">by {token.created_by}</span>
      </th>
      <td>
        {token.permissions.join(', ')}
        {token.revoked_at === null && token.effective.length < token.permissions.length && (
          <span className="tone-warn">
            {' '}
            now {token.effective.length === 0 ? 'nothing' : token.effective.join(', ')}: its maker holds no more
          </span>
        )}
      </td>
      <td>{token.revoked_at === null ? day(token.expires_at) : `ended ${day(token.revoked_at)}`}</td>
      <td>
        {token.revoked_at === null && (
          <TwoStep
            label="End"
            question="Programs that use it are cut off at once."
            disabled={act.busy}
            onSure={() =>
              act.run(async () => {
                await askApi<TokenList>(`/api/tokens/${encodeURIComponent(token.id)}`, { method: 'DELETE' })
                return `${token.name} has ended.`
              })
            }
          />
        )}
      </td>
    </tr>
  )
}

function NewTokenForm({ act, onMade }: { readonly act: Act; readonly onMade: (token: string) => void }) {
  const [chosen, setChosen] = useState<readonly string[]>(['viewer'])
  const held = new Set<string>(useSession().data?.subject.permissions)
  // Whoever manages access may let a program read metrics; everything else is handed on, not given away.
  const mayGive = (permission: string): boolean => (permission === 'metrics' ? held.has('admin') : held.has(permission))
  return (
    <form
      className="form is-row"
      aria-label="New token"
      onSubmit={(event) => {
        event.preventDefault()
        const form = event.currentTarget
        const of = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value
        const body = { name: of('token-name'), permissions: chosen, days: Number(of('days')) }
        act.run(async () => {
          const { token, item } = await askApi<MadeToken>('/api/tokens', { method: 'POST', body })
          onMade(token)
          form.reset()
          return `${item.name} was made; it ends ${item.expires_at.slice(0, 10)}.`
        })
      }}
    >
      <Field label="Token for" name="token-name" autoComplete="off" required maxLength={64} />
      <Field label="Days" name="days" type="number" min={1} max={365} defaultValue={30} required />
      <fieldset className="role-boxes" aria-label="What the token may">
        {TOKEN_PERMISSIONS.map((permission) => (
          <label key={permission}>
            <input
              type="checkbox"
              checked={chosen.includes(permission)}
              disabled={!mayGive(permission)}
              onChange={(event) =>
                setChosen(
                  TOKEN_PERMISSIONS.filter((one) => (one === permission ? event.target.checked : chosen.includes(one))),
                )
              }
            />
            {permission}
            {mayGive(permission) ? '' : ', which you do not hold'}
          </label>
        ))}
      </fieldset>
      <button type="submit" disabled={act.busy || chosen.length === 0}>
        Make token
      </button>
    </form>
  )
}
