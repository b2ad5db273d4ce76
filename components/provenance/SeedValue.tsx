/*
 * SeedValue: a value of a seed in a row; pressing it copies the newest one with its provenance, with Alt it shows where it comes from.
 * In: a seed, a metric, what is shown. Out: a button that looks like the value.
 * Invariant: what is copied is asked for at this moment, not what was drawn.
 * Source: docs/ux.md "number provenance".
 */
'use client'
import type { ReactNode } from 'react'
import type { SeedRef } from '../../lib/live/urlState.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useShell } from '../shell/ShellContext.tsx'
import { originData } from './valueRef.ts'
import { COPY_IN_PAST, copySeedValue } from './copySeedValue.ts'

interface Props {
  readonly seed: SeedRef
  readonly metric: string
  readonly label: string
  readonly tabIndex?: number
  readonly children: ReactNode
}

export function SeedValue({ seed, metric, label, tabIndex = 0, children }: Props) {
  const { session, live } = useLive()
  const { say } = useShell()
  const copy = (): void => {
    const run = session.store.run()
    if (!run) return
    if (session !== live) return say(COPY_IN_PAST)
    const { descriptor } = run
    void copySeedValue({ seed, metric, descriptor, nowMs: session.client.serverNowMs(), origin: location.origin }).then(
      say,
    )
  }
  return (
    <button
      type="button"
      className="copy-value"
      {...originData({ kind: 'seed', ...seed, metric })}
      title={`Copy ${label} with where it comes from`}
      tabIndex={tabIndex}
      onClick={copy}
    >
      {children}
      <span className="visually-hidden">, copy {label} with its provenance</span>
    </button>
  )
}
