/*
 * useSend: sends a confirmed draft once, and follows it.
 * In: a draft and its confirmation. Out: the record as it moves on, what went wrong, in words.
 * Invariant: one key per intent: made with the form and renewed only after the server took it, so a double press is one command.
 * Source: docs/commands.md; docs/protocol.md "idempotency".
 */
'use client'
import { useCallback, useRef, useState } from 'react'
import type { ConfirmAnswer } from '../../lib/contracts/commandDraft.ts'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { randomKey } from '../../lib/primitives/randomKey.ts'
import { problemOf, useApi, type ApiProblem } from '../records/useApi.ts'
import { submitCommand, type Draft } from './opsActions.ts'
import { useOps } from './OpsProvider.tsx'

export interface Sending {
  readonly sending: boolean
  readonly problem: ApiProblem | null
  /** Of the command sent last; null before it is known. */
  readonly record: CommandRecord | null
  readonly sentId: string | null
  readonly send: (draft: Draft, confirm: ConfirmAnswer) => Promise<string | null>
  readonly forget: () => void
}

const ASK_EVERY_MS = 1_000

/** Gives the newest record of a command: pushed, or asked for while it is not over; and why there is none. */
export function useCommandAnswer(id: string | null): {
  readonly record: CommandRecord | null
  readonly problem: ApiProblem | null
} {
  const { commands } = useOps()
  const pushed = id === null ? undefined : commands.get(id)
  const asked = useApi<CommandRecord>(id === null || pushed?.final ? null : `/api/commands/${id}`, {
    everyMs: ASK_EVERY_MS,
  })
  const isNewer = pushed !== undefined && (asked.data === null || pushed.updated_at >= asked.data.updated_at)
  return { record: isNewer ? pushed : asked.data, problem: asked.problem }
}

/** The record alone. */
export const useCommand = (id: string | null): CommandRecord | null => useCommandAnswer(id).record

export function useSend(): Sending {
  const [sending, setSending] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [sentId, setSentId] = useState<string | null>(null)
  const key = useRef<{ readonly text: string; readonly key: string } | null>(null)
  const record = useCommand(sentId)
  const send = useCallback(async (draft: Draft, confirm: ConfirmAnswer): Promise<string | null> => {
    const text = JSON.stringify(draft)
    if (key.current?.text !== text) key.current = { text, key: randomKey() }
    setSending(true)
    setProblem(null)
    try {
      const taken = await submitCommand(draft, confirm, key.current.key)
      key.current = null
      setSentId(taken.id)
      return taken.id
    } catch (error) {
      setProblem(problemOf(error))
      return null
    } finally {
      setSending(false)
    }
  }, [])
  const forget = useCallback(() => {
    setSentId(null)
    setProblem(null)
  }, [])
  return { sending, problem, record, sentId, send, forget }
}
