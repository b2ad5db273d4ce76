/*
 * supervisor: keeps the processes of the product running, side by side, and carries what one tells to the one that shows it.
 * In: their names, an environment, signals to pass on. Out: an exit code when all have ended.
 * Invariant: one that dies is started again with growing patience and the others go on; one that can not start at all ends the product;
 * a stop ends each once, in order, under one deadline, and kills what does not end.
 * Source: docs/architecture.md "processes and threads".
 */
import { spawn } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT, complain, localNode } from './steps.mjs'

const FIRST_BACKOFF_MS = 200
const LONGEST_BACKOFF_MS = 5_000
const HEALTHY_MS = 30_000
const EX_CONFIG = 78
/** What was told while nobody could listen; more than this only repeats. */
const KEPT_RECORDS = 100
/** Who goes last: a stop must work until everything else is gone. */
const LAST = 'gateway'
export const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** Turns an end into an exit code; a death by signal counts as 128 + its number, as shells do. */
const codeOf = (code, signal) => code ?? 128 + (SIGNALS[signal] ?? 9)

/** Creates a supervisor of these roles; nothing runs before start. */
export function createSupervisor({ roles, env, dev, dataDir, stopDeadlineMs, onSpawn }) {
  const file = path.join(dataDir, 'processes.json')
  /** Who shows what the others tell; alone, a process shows itself. */
  const main = roles.includes('web') ? 'web' : roles[0]
  const slots = new Map(roles.map((role) => [role, newSlot(role)]))
  const waiting = []
  let stopping = null
  let failed = 0
  // Node 20 has no Promise.withResolvers, and the runner may be started by it.
  let end = () => undefined
  const ended = new Promise((resolve) => {
    end = resolve
  })

  function newSlot(role) {
    return { role, child: null, failures: 0, everReady: false, timer: null, state: null, status: null, stopped: false }
  }

  const teller = () => {
    const child = slots.get(main)?.child
    return child?.connected ? child : null
  }
  const tell = (message) => teller()?.send(message, () => {})

  /** Whoever looks from outside finds each process by its role. */
  const record = () => {
    const pids = [...slots.values()].flatMap(({ role, child }) => (child?.pid ? [[role, child.pid]] : []))
    try {
      writeFileSync(`${file}.new`, `${JSON.stringify({ runner: process.pid, ...Object.fromEntries(pids) })}\n`)
      renameSync(`${file}.new`, file)
    } catch {
      // Only a convenience; the lock is what counts.
    }
  }

  const setState = (slot, state) => {
    slot.state = { kind: 'process', name: slot.role, ...state }
    if (slot.role !== main) tell(slot.state)
  }

  const onMessage = (slot, message) => {
    if (message?.kind === 'ready') {
      slot.everReady = true
      setState(slot, { state: 'running', cause: null })
      // A page that was away learns how things stand and what happened meanwhile.
      if (slot.role === main) {
        for (const other of slots.values())
          if (other !== slot) for (const known of [other.state, other.status]) if (known) tell(known)
        for (const kept of waiting.splice(0)) tell(kept)
      }
      return
    }
    const told = { kind: 'told', name: slot.role, said: message }
    if (message?.kind === 'status') slot.status = told
    if (teller()) tell(told)
    else if (message?.kind === 'record') {
      waiting.push(told)
      if (waiting.length > KEPT_RECORDS) waiting.shift()
    }
  }

  const onEnd = (slot, startedMs, why, code) => {
    slot.child = null
    slot.status = null
    record()
    if (stopping) return finish()
    // It could not even begin, and said why: starting it again would say the same again.
    if (!slot.everReady && (code === EX_CONFIG || slot.role === main)) {
      failed = code === 0 ? 1 : code
      return stop()
    }
    if (performance.now() - startedMs > HEALTHY_MS) slot.failures = 0
    const againMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** slot.failures++)
    complain(`the ${slot.role} process ended (${why}); starting it again in ${againMs} ms`)
    setState(slot, { state: slot.failures >= 5 ? 'failed' : 'restarting', cause: why })
    slot.timer = setTimeout(() => launch(slot), againMs)
  }

  const launch = (slot) => {
    slot.timer = null
    const startedMs = performance.now()
    const args = ['--enable-source-maps', 'server/main.ts', `--role=${slot.role}`]
    if (dev && slot.role === main) args.push('--dev')
    const child = spawn(localNode(), args, {
      cwd: ROOT,
      env: {
        ...env,
        NODE_ENV: dev ? 'development' : 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        MORPHOSCOPE_SUPERVISED: '1',
        MORPHOSCOPE_SIBLINGS: roles.filter((role) => role !== slot.role).join(','),
      },
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
      detached: true,
    })
    slot.child = child
    child.stdin?.on('error', () => {})
    child.on('message', (message) => onMessage(slot, message))
    let over = false
    const once = (why, code) => {
      if (over) return
      over = true
      onEnd(slot, startedMs, why, code)
    }
    child.once('error', (error) => {
      complain(`the ${slot.role} process could not be started: ${error.message}`)
      once(error.message, 1)
    })
    child.once('exit', (code, signal) =>
      once(signal ? `killed by ${signal}` : `exit code ${code}`, codeOf(code, signal)),
    )
    record()
    if (child.pid) onSpawn(child.pid)
  }

  const signal = (slot, name) => {
    if (!slot.child || slot.stopped) return
    slot.stopped = true
    slot.child.kill(name)
  }
  const living = () => [...slots.values()].filter(({ child }) => child !== null)

  /** The others first; when they are gone, the last. */
  const finish = () => {
    const left = living()
    if (left.length === 0) {
      clearTimeout(stopping.fuse)
      rmSync(file, { force: true })
      end(failed)
      return
    }
    if (left.every(({ role }) => role === LAST)) for (const slot of left) signal(slot, 'SIGTERM')
  }

  const stop = () => {
    if (stopping) {
      // The second Ctrl-C is a person who does not want to wait: each process understands it.
      for (const slot of living()) slot.child.kill('SIGTERM')
      return
    }
    const fuse = setTimeout(() => {
      for (const { role, child } of living()) {
        complain(`the ${role} process did not stop within ${stopDeadlineMs / 1000} s; killing it`)
        try {
          process.kill(-child.pid, 'SIGKILL')
        } catch {
          // It ended in this very moment.
        }
      }
    }, stopDeadlineMs)
    stopping = { fuse }
    for (const slot of slots.values()) clearTimeout(slot.timer ?? undefined)
    for (const slot of living()) if (slot.role !== LAST) signal(slot, 'SIGTERM')
    finish()
  }

  return {
    start() {
      for (const slot of slots.values()) launch(slot)
    },
    stop,
    /** Resolves with the exit code when the last process has ended. */
    ended,
  }
}
