import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { recordsSuite } from './records.suite.ts'

recordsSuite('records on sqlite', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-records-'))
  let made = 0
  return Promise.resolve({
    address: () => Promise.resolve(`sqlite:${path.join(folder, `${made++}`, 'records.db')}`),
    dispose: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  })
})
