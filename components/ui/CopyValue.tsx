/*
 * CopyValue: a value that can be copied with where it comes from.
 * In: its text and its provenance. Out: a button that looks like the value; what was copied is said.
 * Invariant: what is copied names run, layer, seed, metric, moment and producer, as far as they are known; nothing is guessed.
 * Source: docs/ux.md "number provenance"; features H7.
 */
'use client'
import { useState, type ReactNode } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'

export interface Provenance {
  readonly metric?: string | undefined
  readonly layer?: string | undefined
  readonly seed?: number | undefined
  readonly run?: string | undefined
  /** Server time of the value, Unix ms. */
  readonly atMs?: number | null | undefined
  readonly producer?: string | undefined
  readonly stream?: string | undefined
  readonly entryId?: string | null | undefined
}

const SAID_MS = 1_600

/** Writes a value and its provenance as one line of text. */
export function provenanceText(value: string, from: Provenance): string {
  const place =
    from.layer === undefined ? undefined : `${from.layer}${from.seed === undefined ? '' : ` seed ${from.seed}`}`
  const at = from.atMs === undefined || from.atMs === null ? undefined : new Date(from.atMs).toISOString()
  return [
    value,
    from.metric,
    place,
    from.run === undefined ? undefined : `run ${from.run}`,
    at,
    from.producer === undefined ? undefined : `producer ${from.producer}`,
    from.stream === undefined ? undefined : `stream ${from.stream}`,
    from.entryId === undefined || from.entryId === null ? undefined : `entry ${from.entryId}`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ')
}

export function CopyValue({
  value,
  provenance,
  children,
}: {
  /** As it is copied, with its unit. */
  readonly value: string
  readonly provenance: Provenance
  /** As it is shown; the value itself by default. */
  readonly children?: ReactNode
}) {
  const [said, setSaid] = useState<string | null>(null)
  const text = provenanceText(value, provenance)
  const say = (words: string): void => {
    setSaid(words)
    systemClock.after(SAID_MS, () => setSaid(null))
  }
  const copy = (): void => {
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    copied.then(
      () => say('copied'),
      () => say('no clipboard here'),
    )
  }
  return (
    <button type="button" className="copy-value" title={`Copy: ${text}`} onClick={copy}>
      {children ?? value}
      <span className="visually-hidden">, copy with its provenance</span>
      <output className="copy-said">{said}</output>
    </button>
  )
}
