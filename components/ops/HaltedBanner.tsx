/*
 * HaltedBanner: something is stopped: what, since when, by whom, and where the way back is.
 * In: the status of `/ops`. Out: a banner on every page while the stop holds.
 * Invariant: it stays until the server says that the stop was lifted; a lost line does not take it away.
 * Source: docs/ux.md "emergency stop"; docs/commands.md "resume".
 */
'use client'
import Link from 'next/link'
import { Icon } from '../ui/Icon.tsx'
import { useOps } from './OpsProvider.tsx'

const SHOWN_LAYERS = 4

export function HaltedBanner() {
  const halted = useOps().status?.halted ?? null
  if (halted === null) return null
  const { scope } = halted
  const what =
    scope === 'all'
      ? 'All layers are stopped'
      : `${scope.slice(0, SHOWN_LAYERS).join(', ')}${scope.length > SHOWN_LAYERS ? ` and ${scope.length - SHOWN_LAYERS} more` : ''} ${scope.length === 1 ? 'is' : 'are'} stopped`
  return (
    <output className="banner tone-crit">
      <Icon name="critical" size={20} />
      <span className="grow">
        <b>{what}</b>{' '}
        <span className="t2">
          since {halted.at.slice(11, 19)} UTC by {halted.by}
          {halted.reason === '' ? '' : `: ${halted.reason}`}. What is shown is the moment of the stop; nothing was
          erased.
        </span>
      </span>
      <Link href="/commands#resume" prefetch={false}>
        Resume
      </Link>
    </output>
  )
}
