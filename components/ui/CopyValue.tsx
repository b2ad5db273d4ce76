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
  /** Step and tick of the training the value belongs to. */
  readonly step?: number | null | undefined
  readonly tick?: number | null | undefined
  /** Server time of the value, Unix ms. */
  readonly atMs?: number | null | undefined
  /** When it was shown, on the server's clock, Unix ms. */
  readonly shownMs?: number | undefined
  readonly producer?: string | undefined
  /** Version of the messages and number of the column layout. */
  readonly schema?: string | undefined
  readonly stream?: string | undefined
  readonly entryId?: string | null | undefined
  /** raw: as its entry carries it; sampled: rounded or thinned on the way here, and how. */
  readonly quality?: string | undefined
  /** Where its entry can be read. */
  readonly link?: string | undefined
}

const SAID_MS = 1_600
const iso = (ms: number | null | undefined): string | null =>
  ms === undefined || ms === null ? null : new Date(ms).toISOString()

/** Tells when the bus took an entry, from its id; null when the id does not carry a time. */
function acceptedMs(entryId: string): number | null {
  const ms = Number(/^(\d{13})-\d+$/.exec(entryId)?.[1])
  return Number.isFinite(ms) && ms > 0 ? ms : null
}

/** Writes a value and its provenance as one line of text. */
export function provenanceText(value: string, from: Provenance): string {
  const place = from.layer === undefined ? null : `${from.layer}${from.seed === undefined ? '' : ` seed ${from.seed}`}`
  const accepted = from.entryId ? iso(acceptedMs(from.entryId)) : null
  const named = (name: string, text: string | number | null | undefined): string | null =>
    text === undefined || text === null || text === '' ? null : `${name} ${text}`
  return [
    value,
    from.metric,
    place,
    named('run', from.run),
    named('step', from.step),
    named('tick', from.tick),
    named('accepted by the bus', accepted),
    accepted === null ? iso(from.atMs) : named('read', iso(from.atMs)),
    named('shown', iso(from.shownMs)),
    named('producer', from.producer),
    named('schema', from.schema),
    named('stream', from.stream),
    named('entry', from.entryId),
    from.quality,
    from.link,
  ]
    .filter((part) => part !== null && part !== undefined)
    .join(' · ')
}

export function CopyValue({
  value,
  provenance,
  children,
  origin,
}: {
  /** As it is copied, with its unit. */
  readonly value: string
  readonly provenance: Provenance
  /** As it is shown; the value itself by default. */
  readonly children?: ReactNode
  /** Attributes that say which value this is, for whoever asks where it comes from. */
  readonly origin?: { readonly 'data-origin': string }
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
    <button type="button" className="copy-value" title={`Copy: ${text}`} onClick={copy} {...origin}>
      {children ?? value}
      <span className="visually-hidden">, copy with its provenance</span>
      <output className="copy-said">{said}</output>
    </button>
  )
}
