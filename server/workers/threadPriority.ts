/*
 * threadPriority: lets one thread of this process go before others of the machine, or behind them.
 * In: a nice value, a thread. Out: whether the system allowed it.
 * Invariant: concerns one thread alone; where it is not allowed, or not known (no /proc), everything works without it.
 * Source: docs/emergency-stop.md "what it does"; setpriority(2): a thread id names one thread on Linux.
 */
import { existsSync, readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** Before training and telemetry, behind nothing but the system. */
export const STOP_PRIORITY = -10

/** The system's id of the calling thread; null where there is no /proc. */
export function ownThreadId(): number | null {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1))
  } catch {
    return null
  }
}

/** Sets the nice value of the calling thread; only an administrator may lower it. */
export function prioritizeThread(nice: number): boolean {
  const threadId = ownThreadId()
  return threadId !== null && setNice(threadId, nice)
}

/** Lets a thread of this process go before others while it is wanted, and puts it back to where it was. Does nothing without an id. */
export function createHurry(threadId: number | null): (urgent: boolean) => void {
  let usual: number | null = null
  return (urgent) => {
    if (threadId === null) return
    if (urgent) usual ??= niceOf(threadId)
    if (usual !== null) setNice(threadId, urgent ? Math.min(STOP_PRIORITY, usual) : usual)
  }
}

/** The id of a thread that ended may be that of a stranger's. */
const isOurs = (threadId: number): boolean => existsSync(`/proc/self/task/${threadId}`)

function niceOf(threadId: number): number | null {
  try {
    return isOurs(threadId) ? getPriority(threadId) : null
  } catch {
    return null
  }
}

function setNice(threadId: number, nice: number): boolean {
  try {
    if (!isOurs(threadId)) return false
    setPriority(threadId, nice)
    return true
  } catch {
    return false
  }
}
