'use client'
import { useState } from 'react'
import { problemOf } from '../records/useApi.ts'

export interface Act {
  readonly busy: boolean
  /** What went well or wrong last; empty before anything was done. */
  readonly said: string
  readonly isProblem: boolean
  run(work: () => Promise<string>): void
}

/** Runs one act at a time and keeps its words for the status line of a panel. */
export function useAct(after: () => void): Act {
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState<{ readonly text: string; readonly isProblem: boolean }>({
    text: '',
    isProblem: false,
  })
  const run = (work: () => Promise<string>): void => {
    setBusy(true)
    work()
      .then((text) => setSaid({ text, isProblem: false }))
      .catch((error: unknown) => {
        const problem = problemOf(error)
        setSaid({ text: problem === null ? 'This failed.' : `${problem.text} (${problem.code})`, isProblem: true })
      })
      .finally(() => {
        setBusy(false)
        after()
      })
  }
  return { busy, said: said.text, isProblem: said.isProblem, run }
}
