'use client'

/** Shows that this page broke, and how to go on; the server and the training are not touched by it. */
export default function ErrorPage({
  error,
  reset,
}: {
  readonly error: Error & { readonly digest?: string }
  readonly reset: () => void
}) {
  return (
    <main className="whole-page" aria-label="Error">
      <h1>This page has stopped</h1>
      <p>
        Drawing it failed{error.digest === undefined ? '' : ` (reference ${error.digest})`}:{' '}
        <span className="mono">{error.message}</span>
      </p>
      <p className="t2">Training, bus and server are not affected. Try again; if it happens again, reload.</p>
      <p>
        <button type="button" onClick={reset}>
          Try again
        </button>{' '}
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    </main>
  )
}
