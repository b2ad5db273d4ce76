/*
 * Command palette: find a layer, seed, run, metric, event or stream, or do an action, by typing.
 * In: the query, the live store, three answers of the server. Out: a native dialog with a combobox; the choice is carried out.
 * Invariant: nothing is listed that the providers did not bound; what is left out is counted; the focus goes back where it was.
 * Source: docs/ux.md "command palette"; features H1, H2.
 */
'use client'
import { Command } from 'cmdk'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import type { RunList } from '../../lib/contracts/httpRuns.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useAlertQuery } from '../alerts/useAlertQuery.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { readBindings } from '../shell/keyBindings.ts'
import { keyCaps } from '../shell/keymap.ts'
import { readViews } from '../shell/savedViews.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { setTheme } from '../shell/theme.ts'
import { Icon } from '../ui/Icon.tsx'
import { ACTION_PROVIDERS } from './actionProviders.ts'
import { ENTITY_PROVIDERS } from './entityProviders.ts'
import { findEntries } from './findEntries.ts'
import { addedProviders, type PaletteContext, type PaletteEntry, type PaletteHands } from './paletteEntry.ts'
import { noteChoice, readRecent } from './recentChoices.ts'

interface Props {
  readonly mode: 'all' | 'search'
  readonly onClose: () => void
}

export function CommandPalette({ mode, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const input = useRef<HTMLInputElement>(null)
  const [query, setQuery] = useState('')
  const [marked, setMarked] = useState('')
  const [recent] = useState(() => readRecent(localStorage))
  // Never deferred: Enter must act on what stands there, not on what stood there before the last letter.
  const asked = query
  const context = usePaletteContext()
  const hands = useHands()
  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    input.current?.focus()
    // Closing before the element goes gives the focus back to where it was.
    return () => element?.close()
  }, [])

  const providers = [...ACTION_PROVIDERS, ...ENTITY_PROVIDERS, ...addedProviders()].filter(
    (provider) => mode === 'all' || provider.kind === 'entity',
  )
  const groups = findEntries(providers, asked, context, recent)
  const listed = groups.reduce((sum, group) => sum + group.entries.length, 0)
  // The mark stays on what it is on while answers arrive; when that is gone, on the best.
  const values = groups.flatMap((group) => group.entries.map((entry) => `${group.id} ${entry.id}`))
  const value = values.includes(marked) ? marked : (values[0] ?? '')
  const more = groups.reduce((sum, group) => sum + group.more, 0)

  const choose = (entry: PaletteEntry): void => {
    noteChoice(localStorage, entry.id)
    // First closed, then done: what it opens or focuses comes after the focus went back.
    dialog.current?.close()
    onClose()
    entry.choose(hands)
  }

  const name = mode === 'all' ? 'Command palette' : 'Search'
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label={name}
      onClose={onClose}
      onPointerDown={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <Command shouldFilter={false} label={name} loop value={value} onValueChange={setMarked}>
        <div className="palette-head">
          <Icon name="search" />
          <Command.Input
            ref={input}
            value={query}
            onValueChange={(text) => {
              setQuery(text)
              setMarked('')
            }}
            placeholder={
              mode === 'all'
                ? 'Layer, seed (layer_0/12), metric, run, action'
                : 'Search layers, seeds, metrics, runs, streams, events'
            }
            maxLength={120}
          />
          <kbd>Esc</kbd>
        </div>
        <Command.List className="palette-list" label="Results">
          {groups.map((group) => (
            <Command.Group
              key={group.id}
              heading={`${group.title}${group.more > 0 ? `, ${formatCount(group.more)} more: type on` : ''}`}
            >
              {group.entries.map((entry) => (
                <Command.Item key={entry.id} value={`${group.id} ${entry.id}`} onSelect={() => choose(entry)}>
                  <Icon name={entry.icon} />
                  <span className={entry.hint === undefined ? 'palette-label is-alone' : 'palette-label'}>
                    {entry.label}
                  </span>
                  {entry.hint !== undefined && <span className="palette-hint t3">{entry.hint}</span>}
                  {keyCaps(entry.keys ?? '').map((cap) => (
                    <kbd key={cap}>{cap}</kbd>
                  ))}
                </Command.Item>
              ))}
            </Command.Group>
          ))}
        </Command.List>
        {listed === 0 && (
          <p className="palette-none t2">
            {asked.trim() === '' ? 'Type the name of what you look for.' : 'Nothing here has this name.'} A seed is
            found by its place: <span className="mono">layer/12</span>, or <span className="mono">12</span> in every
            layer.
          </p>
        )}
        <output className="palette-foot t3">
          {asked.trim() === ''
            ? `${formatCount(listed)} offered`
            : `${formatCount(listed)} found${more > 0 ? `, ${formatCount(more)} more` : ''}`}
        </output>
      </Command>
    </dialog>
  )
}

function usePaletteContext(): PaletteContext {
  const { session } = useLive()
  const state = usePageState()
  useLiveTopic(['runs', 'view', 'pause'], 500)
  const [bindings] = useState(() => readBindings(localStorage))
  const [views] = useState(() => readViews(localStorage))
  const recorded = useApi<RunList>('/api/runs')
  const bus = useApi<BusReport>('/api/bus')
  const alerts = useAlertQuery('state=open&limit=200')
  const { store } = session
  return {
    runs: [...store.log.runs.values()].toSorted((a, b) => b.firstSeenMs - a.firstSeenMs),
    shown: store.run(),
    state,
    paused: store.pause !== null,
    events: store.events(),
    recorded: recorded.data?.runs ?? null,
    topics: bus.data?.streams.map((stream) => stream.topic) ?? null,
    alerts: alerts.data?.alerts ?? null,
    views,
    bindings,
  }
}

function useHands(): PaletteHands {
  const { page } = useLive()
  const { act, show } = useShell()
  const router = useRouter()
  return {
    act,
    show,
    go(path, change = {}) {
      router.push(hrefOf(path, { ...page.get(), ...change }))
    },
    open: (href) => router.push(href),
    set: (change) => page.set(change),
    setTheme,
  }
}
