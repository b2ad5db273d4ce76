/*
 * LoginPage: signing in with name and password, with the provider, or as the first administrator with the printed code.
 * In: the session. Out: a form; words for whatever was wrong.
 * Invariant: the form says nothing about which names exist; what was typed stays when it was refused, but the password.
 * Source: docs/security.md "sign-in"; docs/ux.md "sign-in".
 */
'use client'
import { useRef, useState, type FormEvent } from 'react'
import type { OidcStart, SessionView } from '../../lib/contracts/httpAccess.ts'
import { askApi, problemOf, type ApiProblem } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { Field } from './Field.tsx'
import { pageAfterSignIn, useSession } from './useSession.ts'

export function LoginPage() {
  const session = useSession()
  const { data, problem } = session
  return (
    <PageMain title="Sign in" ownHeading withoutBanners>
      <div className="login">
        {data === null ? (
          <>
            <h1 className="visually-hidden">Sign in</h1>
            <Panel
              title="Sign in"
              state={problem === null ? 'loading' : 'error'}
              message={problem === null ? undefined : `${problem.text} (${problem.code})`}
            />
          </>
        ) : (
          <SignInPanel session={data} />
        )}
      </div>
    </PageMain>
  )
}

function SignInPanel({ session }: { readonly session: SessionView }) {
  if (session.mode === 'demo')
    return (
      <Panel title="Nobody signs in here">
        <div className="form">
          <h1 className="form-title">This is a demo on your own machine</h1>
          <p className="t2">
            You are {session.subject.name}; the header switches to the other operator. With AUTH=required people sign
            in.
          </p>
          <a className="button" href="/">
            To the live page
          </a>
        </div>
      </Panel>
    )
  if (session.signed_in)
    return (
      <Panel title="Signed in">
        <div className="form">
          <h1 className="form-title">You are signed in as {session.subject.name}</h1>
          <a className="button" href={pageAfterSignIn(typeof location === 'undefined' ? '' : location.search)}>
            Go on
          </a>
          <PasswordForm />
        </div>
      </Panel>
    )
  return session.needs_first_admin ? <FirstAdminForm /> : <SignInForm oidc={session.oidc} />
}

/** Sends a form and goes on when it is accepted. */
function useForm(send: (form: FormData) => Promise<unknown>) {
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const said = useRef<HTMLParagraphElement>(null)
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    setBusy(true)
    setProblem(null)
    send(new FormData(form))
      .then(() => location.assign(pageAfterSignIn(location.search)))
      .catch((error: unknown) => {
        setProblem(problemOf(error))
        setBusy(false)
        for (const field of form.querySelectorAll<HTMLInputElement>('input[type=password]')) field.value = ''
        said.current?.focus()
      })
  }
  const words = (
    <p ref={said} className="form-said" role="alert" tabIndex={-1}>
      {problem !== null && (
        <span className="tone-warn">
          <Icon name="warning" size={13} /> {problem.text} ({problem.code})
        </span>
      )}
    </p>
  )
  return { submit, busy, words, problem }
}

const text = (form: FormData, name: string): string => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

function SignInForm({ oidc }: { readonly oidc: string | null }) {
  const { submit, busy, words } = useForm((form) =>
    askApi('/api/session', {
      method: 'POST',
      body: { username: text(form, 'username'), password: text(form, 'password') },
    }),
  )
  const [refused, setRefused] = useState<string | null>(null)
  const toProvider = (): void => {
    askApi<OidcStart>('/api/session/oidc', { method: 'POST' })
      .then(({ url }) => location.assign(url))
      .catch((error: unknown) => setRefused(problemOf(error)?.text ?? 'This failed.'))
  }
  return (
    <Panel title="Sign in">
      <form className="form" onSubmit={submit}>
        <h1 className="form-title">Sign in to Morphoscope</h1>
        <Field label="Name" name="username" autoComplete="username" required maxLength={256} />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          maxLength={256}
        />
        <button type="submit" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        {words}
        {oidc !== null && (
          <button type="button" onClick={toProvider}>
            Sign in with {oidc}
          </button>
        )}
        {refused !== null && <p className="tone-warn">{refused}</p>}
        <p className="t2">No account, or a forgotten password: an administrator of this installation helps.</p>
      </form>
    </Panel>
  )
}

function FirstAdminForm() {
  const { submit, busy, words } = useForm((form) =>
    askApi('/api/session/first', {
      method: 'POST',
      body: {
        code: text(form, 'code'),
        username: text(form, 'username'),
        name: text(form, 'name'),
        password: text(form, 'password'),
      },
    }),
  )
  return (
    <Panel title="The first administrator">
      <form className="form" onSubmit={submit}>
        <h1 className="form-title">Nobody can sign in yet</h1>
        <p className="t2">Whoever started the server finds a one-time code in its first lines.</p>
        <Field
          label="Code"
          name="code"
          autoComplete="one-time-code"
          required
          maxLength={64}
          hint="like ABCD-EFGH-JKLM"
        />
        <Field
          label="Name to sign in with"
          name="username"
          autoComplete="username"
          required
          pattern="[A-Za-z0-9_.]{3,32}"
          hint="3 to 32 letters, digits, dots or underscores"
        />
        <Field label="Your name" name="name" autoComplete="name" required maxLength={64} hint="as others see it" />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={10}
          maxLength={256}
          hint="at least 10 characters"
        />
        <button type="submit" disabled={busy}>
          {busy ? 'Making the account…' : 'Make the account and sign in'}
        </button>
        {words}
      </form>
    </Panel>
  )
}

function PasswordForm() {
  const { submit, busy, words } = useForm((form) =>
    askApi('/api/session/password', {
      method: 'PUT',
      body: { current: text(form, 'current'), password: text(form, 'password') },
    }),
  )
  return (
    <form className="form is-nested" onSubmit={submit}>
      <h2>Another password</h2>
      <Field
        label="Present password"
        name="current"
        type="password"
        autoComplete="current-password"
        required
        maxLength={256}
      />
      <Field
        label="New password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={256}
        hint="at least 10 characters"
      />
      <button type="submit" disabled={busy}>
        {busy ? 'Changing…' : 'Change it; my other sessions end'}
      </button>
      {words}
    </form>
  )
}
