/*
 * HaltedBanner: what is stopped: each stop in force with its scope, since when, by whom, and where the way back is.
 * In: the status of `/ops`. Out: a banner on every page while a stop holds.
 * Invariant: every stop is told, and what does not fit is counted; it stays until the server says that the stop was lifted; a lost line
 * does not take it away.
 * Source: docs/ux.md "emergency stop"; docs/commands.md "resume".
 */
'use client'
import Link from 'next/link'
import type { Halt } from '../../lib/contracts/httpCommands.ts'
import { Icon } from '../ui/Icon.tsx'
import { haltWords } from './haltWords.ts'
import { useOps } from './OpsProvider.tsx'

const SHOWN_STOPS = 4

export function HaltedBanner() {
  const halts = useOps().status?.halts ?? []
  if (halts.length === 0) return null
  const more = halts.length - SHOWN_STOPS
  return (
    <output className="banner tone-crit">
      <Icon name="critical" size={20} />
      <span className="grow">
        {halts.slice(0, SHOWN_STOPS).map((halt) => (
          <HaltLine key={halt.id} halt={halt} />
        ))}
        {more > 0 && (
          <span className="halt-line">
            {more} more {more === 1 ? 'stop is' : 'stops are'} in force.{' '}
          </span>
        )}
        <span className="t2">What is shown is the moment of the stop; nothing was erased.</span>
      </span>
      <Link href="/commands#resume" prefetch={false}>
        Resume
      </Link>
    </output>
  )
}

function HaltLine({ halt }: { readonly halt: Halt }) {
  return (
    <span className="halt-line">
      <b>{haltWords(halt.scope)}</b>{' '}
      <span className="t2">
        since {halt.at.slice(11, 19)} UTC by {halt.by}
        {halt.reason === '' ? '' : `: ${halt.reason}`}.
      </span>{' '}
    </span>
  )
}
