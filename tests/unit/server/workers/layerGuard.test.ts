import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openLatchFile } from '../../../../server/workers/layerGuard.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-latch-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what the layers saw of the audit trail survives a restart beside their stops', () => {
  const file = openLatchFile(folder)
  expect(file.load()).toBeNull()
  const layers = { layer_0: { stopEpoch: 3, resumedEpoch: 2 } }
  const witnessed = { size: 120, root: 'a'.repeat(64), atMs: 1_800_000_000_000 }
  file.save({ layers, order: {}, witnessed }, true)
  expect(openLatchFile(folder).load()).toEqual({ layers, order: {}, witnessed })
  file.save({ layers, order: {} }, false)
  expect(openLatchFile(folder).load()).toEqual({ layers, order: {}, witnessed: null })
})
