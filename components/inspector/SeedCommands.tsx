/*
 * SeedCommands: the composer in the inspector, closed until it is wanted, and the commands on this seed that are not over.
 * In: the selected seed. Out: a section; its code is loaded when it is opened first.
 * Invariant: the map stays in sight and the seed stays outlined while a command is composed.
 * Source: docs/ux.md "composer"; docs/commands.md.
 */
'use client'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { SeedRef } from '../../lib/live/urlState.ts'
import { threadOf } from '../../lib/contracts/threadLinks.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { stateWords } from '../ops/stageWords.ts'

const Composer = lazy(async () => ({ default: (await import('../ops/Composer.tsx')).Composer }))

/** Said by the key that opens the composer. */
export const COMPOSE_EVENT = 'morphoscope:compose'
/** A key may open the inspector and the composer in it at once: the inspector looks back this far. */
let askedAtMs = Number.NEGATIVE_INFINITY
if (typeof window !== 'undefined')
  addEventListener(COMPOSE_EVENT, () => {
    askedAtMs = performance.now()
  })
const RECENT_MS = 500

export function SeedCommands({ selection, runId }: { readonly selection: SeedRef; readonly runId: string | null }) {
  const [open, setOpen] = useState(
    () => performance.now() - askedAtMs < RECENT_MS || threadOf(location.search) !== null,
  )
  const section = useRef<HTMLElement>(null)
  const { commands } = useOps()
  useEffect(() => {
    const show = (): void => setOpen(true)
    addEventListener(COMPOSE_EVENT, show)
    return () => removeEventListener(COMPOSE_EVENT, show)
  }, [])
  useEffect(() => {
    if (open) section.current?.querySelector<HTMLElement>('button[aria-pressed]')?.focus()
  }, [open])
  const mine = [...commands.values()].filter(
    (record) => !record.final && record.layer_id === selection.layerId && record.seed_id === selection.seedId,
  )
  return (
    <section ref={section} className="seed-commands">
      <h3>
        <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          Command
        </button>
        <span className="t3"> c</span>
      </h3>
      {mine.map((record) => (
        <p key={record.id} className="t2">
          {record.text}: {stateWords(record.state)}
        </p>
      ))}
      {open && (
        <Suspense fallback={<div className="seed-commands-skeleton" aria-busy="true" />}>
          <Composer place={{ kind: 'seed', ...selection }} runId={runId} />
        </Suspense>
      )}
    </section>
  )
}
