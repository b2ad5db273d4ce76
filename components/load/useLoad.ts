/* useLoad: what the generated load is doing, asked every second while somebody looks, and the two things that change it. */
'use client'
import { useState } from 'react'
import type { LoadReport, LoadRequest } from '../../lib/contracts/httpLoad.ts'
import { askApi, problemOf, useApi, type ApiAnswer, type ApiProblem } from '../records/useApi.ts'

const ASK_MS = 1_000

export interface Load {
  readonly answer: ApiAnswer<LoadReport>
  /** What the last start or stop met; null when it went well. */
  readonly problem: ApiProblem | null
  readonly busy: boolean
  /** Answers the report of the started run, or null when it was refused. */
  readonly start: (request: LoadRequest) => Promise<LoadReport | null>
  readonly stop: () => Promise<LoadReport | null>
}

export function useLoad(everyMs = ASK_MS): Load {
  const answer = useApi<LoadReport>('/api/load', { everyMs })
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const change = async (method: 'POST' | 'DELETE', body?: LoadRequest): Promise<LoadReport | null> => {
    setBusy(true)
    setProblem(null)
    try {
      return await askApi<LoadReport>('/api/load', body === undefined ? { method } : { method, body })
    } catch (error) {
      setProblem(problemOf(error))
      return null
    } finally {
      setBusy(false)
      answer.refetch()
    }
  }
  return { answer, problem, busy, start: (request) => change('POST', request), stop: () => change('DELETE') }
}
