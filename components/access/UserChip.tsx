/*
 * UserChip: who looks at this page and with which roles; in the demo, who to be; a way out.
 * In: the session. Out: a button in the header and its popover.
 * Invariant: not knowing who it is never looks like being nobody; its width does not change with what it says.
 * Source: docs/ux.md "global frame"; docs/security.md "demo".
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import { problemOf } from '../records/useApi.ts'
import { usePopover } from '../shell/usePopover.ts'
import { Icon } from '../ui/Icon.tsx'
import { useSession, useSessionActs } from './useSession.ts'

export function UserChip() {
  const { data, problem } = useSession()
  const { box, button, open, setOpen } = usePopover()
  const name = data === null ? (problem === null ? '…' : '?') : data.signed_in ? data.subject.name : 'not signed in'
  const roles = data?.subject.roles.join(', ') ?? ''
  return (
    <div className="field user" ref={box}>
      <button
        ref={button}
        type="button"
        aria-expanded={open}
        aria-label={`You are ${name}${roles === '' ? '' : `, ${roles}`}`}
        onClick={() => setOpen(!open)}
      >
        <Icon name="user" size={18} />
        <b className="user-name">{name}</b>
      </button>
      {open && <UserPanel />}
    </div>
  )
}

function UserPanel() {
  const { data, problem } = useSession()
  const { choose, signOut } = useSessionActs()
  const [said, setSaid] = useState('')
  const run = (work: Promise<void>): void => {
    work.catch((error: unknown) => setSaid(problemOf(error)?.text ?? 'This failed.'))
  }
  if (data === null)
    return (
      <section className="popover" aria-label="You">
        <p>{problem === null ? 'Asking who you are.' : `Who you are is not known: ${problem.text}`}</p>
      </section>
    )
  const { subject } = data
  return (
    <section className="popover user-panel" aria-label="You">
      <h2>{data.signed_in ? subject.name : 'You are not signed in'}</h2>
      <p className="t2">
        {subject.roles.length === 0 ? 'no roles' : `roles: ${subject.roles.join(', ')}`}
        {subject.expires_at === null ? '' : `; until ${subject.expires_at.slice(0, 16).replace('T', ' ')} UTC`}
      </p>
      {data.demo_operators.length > 0 && (
        <fieldset>
          <legend className="t2">This is a demo: nobody signs in. What needs two persons is tried as</legend>
          {data.demo_operators.map((operator) => (
            <label key={operator}>
              <input
                type="radio"
                name="demo-operator"
                checked={operator === subject.id}
                onChange={() => run(choose(operator))}
              />
              {operator}
            </label>
          ))}
        </fieldset>
      )}
      <p className="user-links">
        {subject.permissions.includes('admin') && (
          <Link href="/admin" prefetch={false}>
            People and tokens
          </Link>
        )}
        {data.mode === 'required' && data.signed_in && (
          <>
            <Link href="/login" prefetch={false}>
              My password
            </Link>
            <button type="button" onClick={() => run(signOut())}>
              Sign out
            </button>
          </>
        )}
        {!data.signed_in && <a href="/login">Sign in</a>}
      </p>
      <output className="tone-warn">{said}</output>
    </section>
  )
}
