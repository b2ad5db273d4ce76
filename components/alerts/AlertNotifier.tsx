/*
 * AlertNotifier: sound and browser notifications of new alerts, on every page, for whoever asked for them.
 * In: pushes about alerts, the settings of this browser. Out: a tone, a notification; nothing on the page.
 * Invariant: loaded only when it was asked for; one of each in five seconds at most; one tab of several makes the sound.
 * Source: docs/ux.md "pages: alerts"; features D19.
 */
'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import type { AlertsChanged } from '../../lib/contracts/httpAlerts.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useOpsStore } from '../ops/OpsProvider.tsx'
import { NOTIFY_KEY, parseNotify, tellOf } from './notifyRules.ts'
import { playTone } from './playTone.ts'

const GATHER_MS = 400
const EVERY_MS = 5_000
const LAST_KEY = 'morphoscope.notified'

/** Another tab of this browser told it a moment ago. */
function isToldElsewhere(nowMs: number): boolean {
  const last = Number(localStorage.getItem(LAST_KEY))
  if (Number.isFinite(last) && nowMs - last < EVERY_MS && last <= nowMs) return true
  localStorage.setItem(LAST_KEY, String(nowMs))
  return false
}

export default function AlertNotifier() {
  const store = useOpsStore()
  const router = useRouter()
  useEffect(() => {
    let waiting: AlertsChanged['changed'][number][] = []
    let more = 0
    let cancel: (() => void) | null = null
    let lastMs = Number.NEGATIVE_INFINITY
    const tell = (): void => {
      cancel = null
      const date = new Date(systemClock.wallMs())
      const settings = parseNotify(localStorage.getItem(NOTIFY_KEY))
      const told = tellOf(waiting, more, settings, date.getHours() * 60 + date.getMinutes())
      waiting = []
      more = 0
      if ((told.tone === null && told.notice === null) || isToldElsewhere(systemClock.wallMs())) return
      lastMs = systemClock.monotonicMs()
      if (told.tone !== null) playTone(told.tone)
      if (told.notice !== null && typeof Notification !== 'undefined' && Notification.permission === 'granted') {
        const { title, body, id } = told.notice
        const notification = new Notification(title, { body, tag: 'morphoscope-alerts' })
        notification.onclick = () => {
          focus()
          router.push(id === null ? '/alerts' : `/alerts#${id}`)
          notification.close()
        }
      }
    }
    const undo = store.onAlerts((push) => {
      const asking = push.changed.filter((one) => one.asks)
      if (asking.length === 0) return
      waiting.push(...asking)
      more += push.more
      cancel ??= systemClock.after(Math.max(GATHER_MS, EVERY_MS - (systemClock.monotonicMs() - lastMs)), tell)
    })
    return () => {
      undo()
      cancel?.()
    }
  }, [store, router])
  return null
}
