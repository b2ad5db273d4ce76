/*
 * OpsProvider: one `/ops` line per page, and the picture it keeps.
 * In: the browser's socket. Out: React context with the store; stops that the tray sends go over this line as well.
 * Invariant: a push about a command makes the lists that may hold it ask again; the line is not needed to act: HTTP is.
 * Source: docs/commands.md.
 */
'use client'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react'
import { io } from 'socket.io-client'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import { SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import type { LiveSocket } from '../../lib/live/liveClient.ts'
import { createOpsStore, type OpsPicture, type OpsStore } from '../../lib/live/opsStore.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { askApi } from '../records/useApi.ts'

const openSocket = (namespace: string): LiveSocket =>
  io(namespace, {
    path: SOCKET_PATH,
    autoConnect: false,
    // Where a proxy takes websockets away, everything is asked for over HTTP instead.
    transports: ['websocket'],
    reconnectionDelay: 200,
    reconnectionDelayMax: 5_000,
    forceNew: true,
  })

const OpsContext = createContext<OpsStore | null>(null)
/** Lists ask again at most this often, whatever is pushed. */
const ASK_AGAIN_MS = 500
/** While the line is down. */
const ASK_STATUS_MS = 3_000

/** Gives the store; only inside OpsProvider. */
export function useOpsStore(): OpsStore {
  const store = useContext(OpsContext)
  if (!store) throw new Error('useOpsStore outside OpsProvider')
  return store
}

const NONE: OpsPicture = Object.freeze({
  line: 'connecting',
  problem: null,
  status: null,
  statusAtMs: null,
  offsetMs: 0,
  commands: new Map(),
  stops: new Map(),
  alerts: null,
  alertsAtMs: null,
})

/** Reads the picture; renders when it changes. */
export function useOps(): OpsPicture {
  const store = useOpsStore()
  return useSyncExternalStore(store.subscribe, store.get, () => NONE)
}

export function OpsProvider({ children }: { readonly children: ReactNode }) {
  const [store] = useState<OpsStore>(() => createOpsStore({ openSocket, clock: systemClock }))
  const queries = useQueryClient()
  useEffect(() => {
    store.start()
    const onStop = (event: Event): void => {
      const { scope, key } = (event as CustomEvent<{ scope: 'all' | string[]; key: string }>).detail
      store.sendStop(scope, key)
    }
    addEventListener('morphoscope:stop', onStop)
    return () => {
      removeEventListener('morphoscope:stop', onStop)
      store.stop()
    }
  }, [store])
  useEffect(() => {
    let seen = store.get().commands
    let cancel: (() => void) | null = null
    const undo = store.subscribe(() => {
      const { commands } = store.get()
      if (commands === seen || cancel) return
      seen = commands
      cancel = systemClock.after(ASK_AGAIN_MS, () => {
        cancel = null
        void queries.invalidateQueries({ queryKey: ['commands'] })
      })
    })
    return () => {
      cancel?.()
      undo()
    }
  }, [store, queries])
  useEffect(() => {
    let cancel: (() => void) | null = null
    let rules = false
    const undo = store.onAlerts(({ changed, more, rules_changed: ofRules }) => {
      rules ||= ofRules
      if (changed.length === 0 && more === 0 && !ofRules) return
      cancel ??= systemClock.after(ASK_AGAIN_MS, () => {
        cancel = null
        void queries.invalidateQueries({ queryKey: ['alerts'] })
        if (rules) void queries.invalidateQueries({ queryKey: ['api', '/api/rules'] })
        rules = false
      })
    })
    return () => {
      cancel?.()
      undo()
    }
  }, [store, queries])
  useEffect(() => {
    const ask = async (): Promise<void> => {
      if (store.get().line === 'up' || document.hidden) return
      try {
        store.takeStatus(await askApi<OpsStatus>('/api/ops'))
      } catch {
        // The age of the last status grows, and is shown.
      }
    }
    return systemClock.every(ASK_STATUS_MS, () => void ask())
  }, [store])
  return <OpsContext value={store}>{children}</OpsContext>
}
