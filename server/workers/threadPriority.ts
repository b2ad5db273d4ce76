/*
 * threadPriority: lets one thread of this process go before others of the machine, or behind them.
 * In: a nice value. Out: whether the system allowed it.
 * Invariant: concerns the calling thread alone; where it is not allowed, or not known (no /proc), everything works without it.
 * Source: docs/emergency-stop.md "what it does"; setpriority(2): a thread id names one thread on Linux.
 */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Before training and telemetry, behind nothing but the system. */
export const STOP_PRIORITY = -10

/** Sets the nice value of the calling thread; only an administrator may lower it. */
export function prioritizeThread(nice: number): boolean {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), nice)
    return true
  } catch {
    return false
  }
}
