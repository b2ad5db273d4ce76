/*
 * Steps: the one way scripts print a line and run another program.
 * In: a command with its arguments. Out: exit code and the last lines of what it said; a heartbeat line each 5 s meanwhile.
 * Invariant: a child runs in its own process group and never outlives an orderly stop of this process.
 * Built-ins of Node 20 only: parts of this run before anything is installed.
 * Source: docs/adr/0001-toolchain.md.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

const HEARTBEAT_MS = 5_000
const KEPT_LINES = 80
const STOP_DEADLINE_MS = 10_000

/** Prints one line to standard output. */
export function say(text) {
  process.stdout.write(`${text}\n`)
}

/** Prints one line to standard error. */
export function complain(text) {
  process.stderr.write(`${text}\n`)
}

/** Formats milliseconds as seconds with one digit. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}

/** The Node of the product: npm links the one package of node-<platform>-<arch> that fits the machine. */
export function localNode() {
  return path.join(ROOT, 'node_modules', '.bin', 'node')
}

/** Tells whether a process id belongs to a live process (one we may not signal counts as live). */
export function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

const groups = new Set()

/** Sends a signal to every running child's process group. */
export function signalChildren(signal) {
  for (const pid of groups) {
    try {
      process.kill(-pid, signal)
    } catch {
      // The group ended between the listing and the signal.
    }
  }
}

/**
 * Installs the orderly stop: on SIGINT, SIGTERM or SIGHUP the children's groups are told, waited for and finally killed,
 * then `cleanUp` runs and the process exits with 128 + the signal's number.
 */
export function stopChildrenOnSignals(cleanUp = () => {}) {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }
  let stopping = false
  for (const [signal, number] of Object.entries(numbers)) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      complain(`stopping (${signal})`)
      signalChildren('SIGTERM')
      const end = performance.now() + STOP_DEADLINE_MS
      const poll = setInterval(() => {
        if (groups.size > 0 && performance.now() < end) return
        clearInterval(poll)
        signalChildren('SIGKILL')
        cleanUp()
        process.exit(128 + number)
      }, 50)
    })
  }
}

/**
 * Runs a program to its end. Never throws: a program that can not be started has code 127.
 *
 * - `quiet`: its output is kept, not shown (the last lines are in `tail`), and a heartbeat line tells that it goes on;
 * - `env` is laid over process.env, never instead of it (Next's build needs PATH); a value of undefined removes the key;
 * - `onStart` gets the child's pid, which is also its process group.
 */
export function runProgram(title, command, args, options = {}) {
  const { quiet = true, cwd = ROOT, env = {}, timeoutMs = 0, onStart } = options
  const merged = { ...process.env, ...env }
  for (const [key, value] of Object.entries(merged)) if (value === undefined) delete merged[key]
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: merged,
      detached: true,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    })
    if (child.pid) {
      groups.add(child.pid)
      onStart?.(child.pid)
    }
    const lines = []
    let rest = ''
    const keep = (chunk) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES)
    }
    child.stdout?.setEncoding('utf8').on('data', keep)
    child.stderr?.setEncoding('utf8').on('data', keep)
    const heartbeat = quiet
      ? setInterval(() => say(`  … ${title}: ${Math.round((performance.now() - startedMs) / 1000)} s`), HEARTBEAT_MS)
      : null
    const fuse = timeoutMs
      ? setTimeout(() => {
          lines.push(`stopped: took longer than ${seconds(timeoutMs)}`)
          try {
            process.kill(-(child.pid ?? 0), 'SIGKILL')
          } catch {
            // Already gone.
          }
        }, timeoutMs)
      : null
    const finish = (code) => {
      clearInterval(heartbeat ?? undefined)
      clearTimeout(fuse ?? undefined)
      groups.delete(child.pid)
      if (rest) lines.push(rest)
      resolve({ code, tail: lines, ms: performance.now() - startedMs })
    }
    child.once('error', (error) => {
      lines.push(String(error.message))
      finish(127)
    })
    child.once('close', (code) => finish(code ?? 1))
  })
}
