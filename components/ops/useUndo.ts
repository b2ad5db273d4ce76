/*
 * useUndo: takes back the newest command of this operator that is still held on the server.
 * In: where to say what happened. Out: one function for the key.
 * Invariant: only what was certainly not sent is taken back; otherwise it says that it can not be.
 * Source: docs/ux.md "keyboard map"; docs/commands.md "states".
 */
'use client'
import { useCallback } from 'react'
import { problemOf } from '../records/useApi.ts'
import { cancelCommand } from './opsActions.ts'
import { useOpsStore } from './OpsProvider.tsx'

/** Gives the function behind `z`. */
export function useUndo(say: (text: string) => void): () => void {
  const store = useOpsStore()
  return useCallback(() => {
    const { commands, status } = store.get()
    const held = [...commands.values()]
      .filter((record) => record.cancellable && record.actor === status?.me.actor && record.parent_id === null)
      .toSorted((a, b) => b.created_at.localeCompare(a.created_at))[0]
    if (held === undefined) return say('Nothing of yours is held: what was sent can not be taken back.')
    cancelCommand(held.id).then(
      (record) => {
        store.take(record)
        say(`Cancelled before it was sent: ${record.text}`)
      },
      (error: unknown) => say(problemOf(error)?.text ?? 'It could not be cancelled.'),
    )
  }, [store, say])
}
