/*
 * usePreview: the server's preview of exactly the draft in the form.
 * In: a draft or null. Out: its preview, whether it is still good, how the set of seeds moved since it was looked at last, a way to ask anew.
 * Invariant: any edit disarms at once; a preview of another draft is never shown as this one's; one that is too old must be refreshed.
 * Source: docs/commands.md "preview".
 */
'use client'
import { useCallback, useEffect, useState } from 'react'
import type { CommandPreview } from '../../lib/contracts/commandPreview.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useTickKey } from '../live/useLiveTopic.ts'
import { problemOf, type ApiProblem } from '../records/useApi.ts'
import { previewCommand, type Draft } from './opsActions.ts'
import { useOpsStore } from './OpsProvider.tsx'

const SETTLE_MS = 150

export interface PreviewState {
  readonly preview: CommandPreview | null
  readonly problem: ApiProblem | null
  /** Of this draft, and younger than it may be. */
  readonly good: boolean
  /** What is another set of seeds by now, in words; empty when it is the same. */
  readonly moved: string
  readonly refresh: () => void
}

interface Answer {
  readonly text: string
  readonly moved: string
  readonly preview: CommandPreview | null
  readonly problem: ApiProblem | null
}

export function usePreview(draft: Draft | null): PreviewState {
  const store = useOpsStore()
  const text = draft === null ? '' : JSON.stringify(draft)
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [asked, setAsked] = useState(0)
  const refresh = useCallback(() => setAsked((count) => count + 1), [])
  useEffect(() => {
    if (text === '') return undefined
    const abort = new AbortController()
    const ask = async (): Promise<void> => {
      try {
        const preview = await previewCommand(JSON.parse(text) as Draft, abort.signal)
        setAnswer((before) => ({
          text,
          preview,
          problem: null,
          moved: before?.text === text ? movedWords(before.preview, preview, before.moved) : '',
        }))
      } catch (error) {
        if (!abort.signal.aborted)
          setAnswer((before) => ({
            text,
            preview: null,
            problem: problemOf(error),
            moved: before?.text === text ? before.moved : '',
          }))
      }
    }
    const cancel = systemClock.after(SETTLE_MS, () => void ask())
    return () => {
      cancel()
      abort.abort()
    }
  }, [text, asked])
  const mine = answer?.text === text ? answer : null
  const preview = mine?.preview ?? null
  const isGood = (): boolean => {
    if (preview === null) return false
    const nowMs = systemClock.wallMs() + store.get().offsetMs
    const armed = preview.confirm.expires_at_ms === null || nowMs < preview.confirm.expires_at_ms
    return armed && nowMs - preview.computed_at_ms <= preview.stale_after_ms
  }
  useTickKey(() => String(isGood()))
  return { preview, problem: mine?.problem ?? null, good: isGood(), moved: mine?.moved ?? '', refresh }
}

/** Of two looks at one draft: whether other seeds would change now. What was said stays said. */
function movedWords(before: CommandPreview | null, now: CommandPreview, said: string): string {
  if (
    before === null ||
    before.targets.list_hash === now.targets.list_hash ||
    Math.max(before.targets.total, now.targets.total) <= 1
  )
    return said
  const [was, is] = [before.targets.will_change, now.targets.will_change]
  const left = was - is
  if (left > 0)
    return `${left} ${left === 1 ? 'seed' : 'seeds'} left the set since your last look: ${was} would have changed, now ${is}.`
  return was === is
    ? 'Other seeds, or seeds in other states, are in the set since your last look.'
    : `${-left} joined the set since your last look: ${was} would have changed, now ${is}.`
}
