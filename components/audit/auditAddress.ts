/*
 * auditAddress: what the address of the audit page carries: the query, how rows are grouped, the chosen entry.
 * In: the part of an address after #. Out: a typed state and back; a hook that keeps both the same.
 * Invariant: writing and reading is the identity; what is malformed is ignored; `#123` alone names entry 123.
 * Source: docs/ux.md "pages: audit"; features H7.
 */
'use client'
import { useEffect, useState } from 'react'

export interface AuditAddress {
  readonly query: string
  /** Entries one by one instead of grouped by thread. */
  readonly flat: boolean
  readonly entry: number | null
}

export const DEFAULT_AUDIT_ADDRESS: AuditAddress = Object.freeze({ query: '', flat: false, entry: null })

const seqOf = (text: string | null): number | null =>
  text !== null && /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : null

/** Reads a hash; never throws. */
export function parseAuditAddress(hash: string): AuditAddress {
  const text = hash.replace(/^#/, '')
  const alone = seqOf(text)
  if (alone !== null) return { ...DEFAULT_AUDIT_ADDRESS, entry: alone }
  const given = new URLSearchParams(text)
  return {
    query: (given.get('q') ?? '').slice(0, 500),
    flat: given.get('flat') === '1',
    entry: seqOf(given.get('entry')),
  }
}

/** Writes the hash; empty or starting with "#". */
export function auditHash({ query, flat, entry }: AuditAddress): string {
  const parts = new URLSearchParams()
  if (query !== '') parts.set('q', query)
  if (flat) parts.set('flat', '1')
  if (entry !== null) parts.set('entry', String(entry))
  const text = parts.toString()
  return text === '' ? '' : `#${text}`
}

/** The state of this page, kept in its address. */
export function useAuditAddress(): readonly [AuditAddress, (change: Partial<AuditAddress>) => void] {
  const [address, setAddress] = useState(DEFAULT_AUDIT_ADDRESS)
  useEffect(() => {
    const read = (): void => setAddress(parseAuditAddress(location.hash))
    read()
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  const go = (change: Partial<AuditAddress>): void => {
    const next = { ...parseAuditAddress(location.hash), ...change }
    setAddress(next)
    history.replaceState(history.state, '', location.pathname + location.search + auditHash(next))
  }
  return [address, go]
}
