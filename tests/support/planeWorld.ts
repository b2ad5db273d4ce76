/*
 * planeWorld: the command plane on a real database file and a real audit trail, with clock, network and gateway in a test's hand.
 * In: what the network holds. Out: a plane; the same again over the same file, as after a kill.
 * Invariant: `kill` writes nothing and says nothing to anybody: what was in memory is gone.
 * Source: docs/commands.md "restart".
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { AuditLog } from '../../server/audit/auditLog.ts'
import { openAuditLog } from '../../server/audit/auditLog.ts'
import type { Operator } from '../../server/operators/caller.ts'
import { createCommandPlane, type CommandPlane } from '../../server/operators/commandPlane.ts'
import { createRunBook } from '../../server/state/runBook.ts'
import { createLayerReader } from '../../server/state/layerReader.ts'
import { createLivesBook } from '../../server/state/livesBook.ts'
import { openRecords, type Records } from '../../server/stores/recordsDatabase.ts'
import { createManualClock, type ManualClock } from './manualClock.ts'
import { createStubGateway, type StubGateway } from './stubGateway.ts'
import { createTestNetwork, type TestNetwork, type TestSeed } from './testNetwork.ts'

const keyPem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

export const person = (actor: string, session = actor): Operator => ({
  actor,
  session,
  via: 'web',
  permissions: ['viewer', 'operator'],
  audit: { id: actor, roles: ['operator'], method: 'demo' },
})

export interface PlaneWorld {
  plane: CommandPlane
  clock: ManualClock
  readonly network: TestNetwork
  gateway: StubGateway
  records: Records
  audit: AuditLog
  readonly problems: string[]
  /** Who may not act any more. */
  readonly gone: Set<string>
  /** The process ends between two instructions; another one starts over the same file, `laterMs` later. */
  restart(laterMs?: number): Promise<void>
  dispose(): Promise<void>
}

export async function createPlaneWorld(
  layers: Record<string, TestSeed[]>,
  options: { readonly environment?: 'DEMO' | 'PROD'; readonly audit?: Pick<AuditLog, 'append'> } = {},
): Promise<PlaneWorld> {
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-plane-'))
  const network = createTestNetwork(layers)
  const problems: string[] = []
  const gone = new Set<string>()
  const opened: Records[] = []
  const open = async (startMs: number, gateway: StubGateway) => {
    const clock = createManualClock(startMs)
    const records = await openRecords(`sqlite:${path.join(folder, 'records.db')}`)
    opened.push(records)
    const real = await openAuditLog({ records, clock, keyPem, onProblem: (text) => void problems.push(text) })
    const audit = options.audit === undefined ? real : { ...real, ...options.audit }
    const plane = await createCommandPlane({
      mayAct: async (actor) => !gone.has(actor),
      clock,
      records,
      audit,
      gateway,
      runs: createRunBook(),
      reader: createLayerReader(),
      lives: createLivesBook(),
      bus: () => ({ state: 'up', cause: null }),
      environment: options.environment ?? 'DEMO',
      quota: 500,
      onProblem: (text) => void problems.push(text),
      network,
    })
    plane.start()
    return { clock, records, audit, plane }
  }
  const gateway = createStubGateway(Object.keys(layers))
  const world: PlaneWorld = {
    ...(await open(1_700_000_000_000, gateway)),
    network,
    gateway,
    problems,
    gone,
    async restart(laterMs = 0) {
      const nowMs = world.clock.wallMs()
      // The killed one's clock stands still from now on: nothing of it runs any more.
      world.gateway = createStubGateway(Object.keys(layers), world.gateway)
      Object.assign(world, await open(nowMs + laterMs, world.gateway))
    },
    async dispose() {
      await world.plane.stop()
      for (const records of opened) await records.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return world
}
