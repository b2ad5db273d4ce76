/*
 * PeoplePanel: who may sign in, with which roles; new people, other roles, new passwords, disabling, removing.
 * In: /api/users. Out: a table and a form.
 * Invariant: a change that ends somebody's sessions says so before it is made.
 * Source: docs/security.md "sign-in".
 */
'use client'
import { useRef, useState } from 'react'
import type { Person, PersonList } from '../../lib/contracts/httpAccess.ts'
import { ROLES, type Role } from '../../lib/contracts/permissions.ts'
import { askApi, useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { Field } from './Field.tsx'
import { StatusLine } from './StatusLine.tsx'
import { TwoStep } from './TwoStep.tsx'
import { useAct, type Act } from './useAct.ts'

export function PeoplePanel({ me }: { readonly me: string }) {
  const { data, problem, refetch } = useApi<PersonList>('/api/users', { everyMs: 10_000 })
  const act = useAct(refetch)
  const state = data === null ? (problem === null ? 'loading' : 'error') : problem === null ? 'ready' : 'error'
  return (
    <Panel
      title="People"
      hint={data === null ? undefined : `${data.people.length}`}
      state={state}
      message={problem === null ? undefined : `${problem.text} (${problem.code})`}
    >
      {data !== null && (
        <ScrollRegion label="List of people" className="admin-scroll">
          <table className="admin-table">
            <thead>
              <tr>
                <th scope="col">Person</th>
                <th scope="col">Roles</th>
                <th scope="col" className="num">
                  Sessions
                </th>
                <th scope="col">Since</th>
                <th scope="col">What can be done</th>
              </tr>
            </thead>
            <tbody>
              {data.people.map((person) => (
                <PersonRow
                  key={`${person.id} ${person.roles.join()}`}
                  person={person}
                  isMe={person.id === me}
                  act={act}
                />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      <NewPersonForm act={act} />
      <StatusLine act={act} />
    </Panel>
  )
}

function RoleBoxes({
  of,
  chosen,
  onChange,
}: {
  readonly of: string
  readonly chosen: readonly Role[]
  readonly onChange: (roles: readonly Role[]) => void
}) {
  return (
    <fieldset className="role-boxes" aria-label={`Roles of ${of}`}>
      {ROLES.map((role) => (
        <label key={role}>
          <input
            type="checkbox"
            checked={chosen.includes(role)}
            onChange={(event) =>
              onChange(ROLES.filter((one) => (one === role ? event.target.checked : chosen.includes(one))))
            }
          />
          {role}
        </label>
      ))}
    </fieldset>
  )
}

const change = (person: Person, body: object, words: string) => async (): Promise<string> => {
  await askApi<Person>(`/api/users/${encodeURIComponent(person.id)}`, { method: 'PUT', body })
  return words
}

function PersonRow({ person, isMe, act }: { readonly person: Person; readonly isMe: boolean; readonly act: Act }) {
  const [roles, setRoles] = useState<readonly Role[]>(person.roles)
  const isChanged = roles.join() !== person.roles.join()
  const { name, disabled } = person
  const follows = isMe ? 'You will be signed out.' : `${name} will be signed out.`
  return (
    <tr>
      <th scope="row">
        {name} <span className="t2">{person.username}</span>
        {isMe && <span className="t2"> (you)</span>}
        {disabled && <span className="tone-warn"> disabled</span>}
      </th>
      <td>
        <RoleBoxes of={name} chosen={roles} onChange={setRoles} />
        {isChanged && roles.length > 0 && (
          <TwoStep
            label="Save roles"
            question={follows}
            disabled={act.busy}
            onSure={() => act.run(change(person, { roles }, `${name} now has: ${roles.join(', ')}.`))}
          />
        )}
        {roles.length === 0 && <span className="tone-warn">at least one role</span>}
      </td>
      <td className="num">{person.sessions}</td>
      <td>{person.created_at.slice(0, 10)}</td>
      <td>
        {person.method === 'password' && <NewPassword person={person} act={act} follows={follows} />}
        {disabled ? (
          <button
            type="button"
            disabled={act.busy}
            onClick={() => act.run(change(person, { disabled: false }, `${name} may sign in again.`))}
          >
            Enable
          </button>
        ) : (
          <TwoStep
            label="Disable"
            question={follows}
            disabled={act.busy}
            onSure={() => act.run(change(person, { disabled: true }, `${name} is disabled.`))}
          />
        )}
        <TwoStep
          label="Remove"
          question={`${follows} What they did stays in the audit trail.`}
          disabled={act.busy}
          onSure={() =>
            act.run(async () => {
              await askApi<PersonList>(`/api/users/${encodeURIComponent(person.id)}`, { method: 'DELETE' })
              return `${name} was removed.`
            })
          }
        />
      </td>
    </tr>
  )
}

function NewPassword({
  person,
  act,
  follows,
}: {
  readonly person: Person
  readonly act: Act
  readonly follows: string
}) {
  const [open, setOpen] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  if (!open)
    return (
      <button type="button" onClick={() => setOpen(true)}>
        New password
      </button>
    )
  return (
    <form
      className="inline-form"
      onSubmit={(event) => {
        event.preventDefault()
        const password = field.current?.value ?? ''
        setOpen(false)
        act.run(change(person, { password }, `${person.name} has a new password.`))
      }}
    >
      <input
        ref={field}
        type="password"
        autoComplete="new-password"
        minLength={10}
        maxLength={256}
        required
        aria-label={`New password of ${person.name}, at least 10 characters. ${follows}`}
      />
      <button type="submit" disabled={act.busy}>
        Set
      </button>
      <button type="button" onClick={() => setOpen(false)}>
        Cancel
      </button>
    </form>
  )
}

function NewPersonForm({ act }: { readonly act: Act }) {
  const [roles, setRoles] = useState<readonly Role[]>(['viewer'])
  return (
    <form
      className="form is-row"
      aria-label="New person"
      onSubmit={(event) => {
        event.preventDefault()
        const form = event.currentTarget
        const of = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value
        const body = { username: of('username'), name: of('name'), password: of('password'), roles }
        act.run(async () => {
          const made = await askApi<Person>('/api/users', { method: 'POST', body })
          form.reset()
          return `${made.name} can sign in as ${made.username}.`
        })
      }}
    >
      <Field label="Name to sign in with" name="username" autoComplete="off" required pattern="[A-Za-z0-9_.]{3,32}" />
      <Field label="Name" name="name" autoComplete="off" required maxLength={64} />
      <Field
        label="First password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={256}
      />
      <RoleBoxes of="the new person" chosen={roles} onChange={setRoles} />
      <button type="submit" disabled={act.busy || roles.length === 0}>
        Add person
      </button>
    </form>
  )
}
