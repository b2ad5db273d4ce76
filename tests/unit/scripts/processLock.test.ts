import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify, isSameProcess, takeLock } from '../../../scripts/processLock.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lockFile = () => path.join(folder, 'a.lock')

function sleeper() {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
}

test('gives the lock to one holder and, after its release, to the next', async () => {
  const first = await takeLock(lockFile())
  let waitedFor = 0
  const second = takeLock(lockFile(), { onWait: (pid: number) => (waitedFor = pid) })
  await expect(takeLock(lockFile(), { patienceMs: 0 })).resolves.toBeNull()
  first!.release()
  const taken = await second
  expect(waitedFor).toBe(process.pid)
  taken!.release()
  expect(readdirSync(folder)).toEqual([])
})

test('takes over from a dead holder and ends the programs it left running', async () => {
  const holder = sleeper()
  const orphans = [sleeper(), sleeper()]
  const record = { holder: identify(holder.pid!), children: orphans.map((orphan) => identify(orphan.pid!)) }
  writeFileSync(lockFile(), JSON.stringify(record))
  await expect(takeLock(lockFile(), { patienceMs: 0 })).resolves.toBeNull()
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const ended = Promise.all(orphans.map((orphan) => once(orphan, 'exit')))
  const lock = await takeLock(lockFile(), { patienceMs: 0 })
  expect(lock).not.toBeNull()
  await ended
  lock!.release()
})

test('a re-used process id is not taken for the holder', async () => {
  const { pid } = identify(process.pid)
  expect(isSameProcess({ pid, startedAt: 'another start' })).toBe(false)
  writeFileSync(lockFile(), JSON.stringify({ holder: { pid, startedAt: 'another start' }, children: [] }))
  const lock = await takeLock(lockFile(), { patienceMs: 0 })
  expect(lock).not.toBeNull()
  lock!.release()
})

test('a lock file that makes no sense is replaced', async () => {
  writeFileSync(lockFile(), '')
  const lock = await takeLock(lockFile())
  expect(existsSync(lockFile())).toBe(true)
  lock!.release()
})
