/*
 * useAlertAddress: tab, filters and the chosen alert of the page of alerts, kept in its address.
 * In: the location. Out: what it says; changes that are written to it.
 * Invariant: a copied link shows the same tab, filters and alert; what other parts keep in the address stays.
 * Source: docs/ux.md "pages: alerts"; features H7.
 */
'use client'
import { useSearchParams } from 'next/navigation'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { ALERT_TABS, type AlertTab } from './alertOrder.ts'
import { NO_FILTERS, type AlertFilters } from './useAlertList.ts'

export interface AlertAddress {
  readonly tab: AlertTab
  readonly filters: AlertFilters
  readonly chosen: string | null
}

const ID = /^#[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NAMES = { severity: 'severity', layer: 'of', rule: 'rule', text: 'q' } as const satisfies Record<
  keyof AlertFilters,
  string
>

/** Reads what an address says; anything unknown is left out. */
export function parseAlertAddress({ search, hash }: Pick<Location, 'search' | 'hash'>): AlertAddress {
  const query = new URLSearchParams(search)
  const tab = ALERT_TABS.find((name) => name === query.get('tab')) ?? 'open'
  const severity = query.get(NAMES.severity)
  return {
    tab,
    filters: {
      severity: severity === 'critical' || severity === 'warning' || severity === 'info' ? severity : '',
      layer: (query.get(NAMES.layer) ?? '').slice(0, 128),
      rule: (query.get(NAMES.rule) ?? '').slice(0, 64),
      text: (query.get(NAMES.text) ?? '').slice(0, 200),
    },
    chosen: ID.test(hash) ? hash.slice(1) : null,
  }
}

/** Writes it over what an address holds. */
export function alertAddressText(address: AlertAddress, search: string): string {
  const query = new URLSearchParams(search)
  if (address.tab === 'open') query.delete('tab')
  else query.set('tab', address.tab)
  for (const [key, name] of Object.entries(NAMES) as [keyof AlertFilters, string][]) {
    if (address.filters[key] === '') query.delete(name)
    else query.set(name, address.filters[key])
  }
  const text = query.toString()
  return `${text === '' ? '' : `?${text}`}${address.chosen === null ? '' : `#${address.chosen}`}`
}

const NOWHERE: AlertAddress = { tab: 'open', filters: NO_FILTERS, chosen: null }

export function useAlertAddress(): readonly [AlertAddress, (change: Partial<AlertAddress>) => void] {
  const [address, setAddress] = useState(NOWHERE)
  const search = useSearchParams().toString()
  useEffect(() => {
    const read = (): void => {
      const said = parseAlertAddress(location)
      setAddress((before) => (JSON.stringify(before) === JSON.stringify(said) ? before : said))
    }
    read()
    addEventListener('hashchange', read)
    addEventListener('popstate', read)
    // A link within the page that changes only what is after # is told by no other event.
    const moves: EventTarget | undefined = 'navigation' in window ? (window.navigation as EventTarget) : undefined
    moves?.addEventListener('currententrychange', read)
    return () => {
      removeEventListener('hashchange', read)
      removeEventListener('popstate', read)
      moves?.removeEventListener('currententrychange', read)
    }
  }, [search])
  const change = useCallback((next: Partial<AlertAddress>): void => {
    const wanted = { ...parseAlertAddress(location), ...next }
    history.replaceState(history.state, '', `${location.pathname}${alertAddressText(wanted, location.search)}`)
    setAddress(wanted)
  }, [])
  return useMemo(() => [address, change] as const, [address, change])
}
