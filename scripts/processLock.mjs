/*
 * Process lock: one holder of a piece of work at a time, and a stale lock of a dead holder never stops anybody.
 * In: a path. Out: a lock with release(), or null after the caller's patience ended.
 * Invariant: the lock file appears whole (link of a written file) and names a process by id AND start time, so a
 *   re-used process id is never taken for the holder. A program the dead holder left running is ended first.
 * Source: docs/adr/0001-toolchain.md.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isAlive } from './steps.mjs'

const POLL_MS = 250
const ORPHAN_DEADLINE_MS = 5_000

/** Reads when a process started, in a form only good for comparing; null where the system does not tell, or it is a zombie. */
export function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A container without a reaper keeps its dead as zombies, which still take signals.
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** Names a process so that it can be recognised later. */
export function identify(pid) {
  return { pid, startedAt: startTimeOf(pid) }
}

/** Tells whether the very process that was identified still lives. */
export function isSameProcess(identity) {
  if (!identity || !isAlive(identity.pid)) return false
  return identity.startedAt === null || startTimeOf(identity.pid) === identity.startedAt
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function endOrphan(identity) {
  const end = performance.now() + ORPHAN_DEADLINE_MS
  let sent = null
  while (isSameProcess(identity)) {
    const due = performance.now() > end ? 'SIGKILL' : 'SIGTERM'
    try {
      if (due !== sent) process.kill(-identity.pid, due)
    } catch {
      return
    }
    sent = due
    await sleep(50)
  }
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

/**
 * Takes the lock, waiting for a live holder; `onWait(holderPid)` is called once when it has to wait.
 * The returned `child(pid)` records a program being run on the holder's behalf, so that a successor can end it.
 */
export async function takeLock(file, { onWait = (_pid) => {}, patienceMs = Infinity } = {}) {
  mkdirSync(path.dirname(file), { recursive: true })
  const mine = `${file}.${process.pid}`
  const children = []
  const record = () => writeFileSync(mine, JSON.stringify({ holder: identify(process.pid), children }))
  const startedMs = performance.now()
  let told = false
  for (;;) {
    record()
    try {
      linkSync(mine, file)
      return {
        child(pid) {
          // The lock is a hard link of `mine`: writing in place updates both names.
          if (!pid) return
          // Those that ended are recognised by their start time and leave.
          children.splice(0, children.length, ...children.filter(isSameProcess), identify(pid))
          record()
        },
        release() {
          rmSync(file, { force: true })
          rmSync(mine, { force: true })
        },
      }
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    // A holder rewrites its lock in place: an empty reading is looked at twice before it counts as stale.
    const found = readLock(file) ?? (await sleep(POLL_MS), readLock(file))
    if (found && isSameProcess(found.holder)) {
      if (performance.now() - startedMs > patienceMs) {
        rmSync(mine, { force: true })
        return null
      }
      if (!told) onWait(found.holder.pid)
      told = true
      await sleep(POLL_MS)
      continue
    }
    // Stale. The rename decides who of several waiters removes it; losers find it gone and try again.
    const grave = `${file}.stale.${process.pid}`
    try {
      renameSync(file, grave)
    } catch {
      continue
    }
    const removed = readLock(grave)
    if (removed && isSameProcess(removed.holder)) {
      // Another waiter was quicker and this is its fresh lock: give it back.
      try {
        linkSync(grave, file)
      } catch {
        // Somebody holds it meanwhile; the work itself is safe to repeat.
      }
    } else {
      await Promise.all((removed?.children ?? []).map(endOrphan))
      if (removed) rmSync(`${file}.${removed.holder.pid}`, { force: true })
    }
    rmSync(grave, { force: true })
  }
}
