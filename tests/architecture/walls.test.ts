import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, importEdges, readSources, type ImportEdge } from '../support/sourceTree.ts'
import { ROOMS, brokenRule, roomOf } from './roomTable.ts'

const files = readSources(['lib', 'server', 'app', 'components'])
const edges = importEdges(files)
const show = (edge: ImportEdge, rule: string) =>
  `${edge.from}:${edge.line} imports ${edge.to ?? edge.specifier}: ${rule}`

const broken = (among: readonly ImportEdge[]) =>
  among.flatMap((edge) => {
    const rule = brokenRule(edge)
    return rule === null ? [] : [show(edge, rule)]
  })

test('every import goes only where its room may go', () => {
  expect(edges.length).toBeGreaterThan(50)
  expect(broken(edges)).toEqual([])
})

test('every source file lies in a room of the table', () => {
  expect(files.filter((file) => roomOf(file.path) === null).map((file) => file.path)).toEqual([])
})

test('every relative import names a file that exists', () => {
  const missing = edges.filter((edge) => edge.to !== null && !existsSync(path.join(ROOT, edge.to)))
  expect(missing.map((edge) => `${edge.from}:${edge.line} ${edge.specifier}`)).toEqual([])
})

test('what Node runs by itself imports with file endings and without aliases', () => {
  const loose = edges.filter(
    (edge) =>
      (edge.from.startsWith('lib/') || edge.from.startsWith('server/')) &&
      edge.to !== null &&
      (edge.specifier.startsWith('@/') || !/\.(ts|tsx|js|mjs|json)$/.test(edge.specifier)),
  )
  expect(loose.map((edge) => `${edge.from}:${edge.line} ${edge.specifier}`)).toEqual([])
})

test('planted edges of every form are found and refused', () => {
  const planted = importEdges([
    { path: 'lib/frames/bad.ts', text: "import type { MessageBus } from '../bus/messageBus.ts'\n" },
    { path: 'lib/primitives/bad.ts', text: "import { z } from 'zod'\nimport fs from 'node:fs'\n" },
    { path: 'lib/training/bad.ts', text: "export { createPublisher } from '../telemetry/publisher.ts'\n" },
    { path: 'lib/live/bad.ts', text: "const bus = await import('../bus/messageBus.ts')\n" },
    { path: 'lib/telemetry/bad.ts', text: "import Redis from 'ioredis'\n" },
    { path: 'components/Bad.tsx', text: "// import './fine.ts'\nimport {\n  handle,\n} from '../server/handle.ts'\n" },
    { path: 'app/page.tsx', text: "import { handle } from '../server/handle.ts'\n" },
    { path: 'lib/bus/bad.ts', text: "new Worker(new URL('../../server/main.ts', import.meta.url))\n" },
    { path: 'lib/attic/bad.ts', text: "import '../primitives/clock.ts'\n" },
  ])
  expect(planted.map((edge) => edge.from)).toHaveLength(10)
  expect(planted.filter((edge) => brokenRule(edge) === null).map((edge) => show(edge, 'was let through'))).toEqual([])
  expect(planted.find((edge) => edge.from === 'components/Bad.tsx')?.line).toBe(2)
})

test('planted edges that are right are let through', () => {
  const planted = importEdges([
    { path: 'lib/telemetry/fine.ts', text: "import type { MessageBus } from '../bus/messageBus.ts'\n" },
    { path: 'lib/bus/drivers/redis/fine.ts', text: "import { Redis } from 'ioredis'\nimport '../../messageBus.ts'\n" },
    { path: 'app/api/overview/route.ts', text: "import { readHandle } from '../../../server/handle.ts'\n" },
    { path: 'components/Fine.tsx', text: "import { useState } from 'react'\nimport './fine.css'\n" },
  ])
  expect(planted).toHaveLength(6)
  expect(broken(planted)).toEqual([])
})

test('the table only names rooms of the table', () => {
  const named = Object.values(ROOMS).flatMap((room) => room.rooms)
  expect(named.filter((name) => !(name in ROOMS))).toEqual([])
})
