/*
 * layerGuard: what the built-in layer agent knows of its gateway, and the file in which its stops survive.
 * In: the data folder. Out: verifier, store, lease and line of the agent; which layers a new trainer must hold.
 * Invariant: a stop is on disk when `save` returns; the file is whole or the old one; what can not be read counts as stopped.
 * Source: docs/adr/0012-stop-and-lease.md; docs/emergency-stop.md "files".
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { GuardOptions } from '../../lib/agents/commandSide.ts'
import { createVerifier, keyIdOfPem } from '../../lib/commands/signing.ts'
import { createStopLatch, type LatchStore } from '../../lib/commands/stopLatch.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { readGatewayFile } from '../gateway/gatewayFile.ts'
import { openLayerTrust } from '../gateway/keys.ts'
import { writeWhole } from '../gateway/writeWhole.ts'

const Count = z.int().min(0)
const Kept = z.object({
  version: z.literal(1),
  layers: z.record(z.string(), z.object({ stopEpoch: Count, resumedEpoch: Count })),
  witnessed: z.object({ size: Count, root: z.string().max(128), atMs: z.number() }).nullish(),
  order: z.record(
    z.string(),
    z.object({
      epoch: Count,
      seq: Count,
      missed: z
        .array(z.tuple([Count, Count]))
        .max(256)
        .optional(),
    }),
  ),
})

const placeOf = (dataDir: string): string => path.join(dataDir, 'layers', 'trainer.json')

/** Opens the file of the built-in agent; nothing is read or written yet. */
export function openLatchFile(dataDir: string): LatchStore {
  const file = placeOf(dataDir)
  return {
    load() {
      let text: string
      try {
        text = readFileSync(file, 'utf8')
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOENT') return null
        throw new AppError('STATE_STORAGE', `${file} can not be read: the layers start stopped`, {}, error)
      }
      try {
        const { layers, order, witnessed } = Kept.parse(JSON.parse(text))
        return { layers, order, witnessed: witnessed ?? null }
      } catch (error) {
        throw new AppError('STATE_STORAGE', `${file} is damaged: the layers start stopped`, {}, error)
      }
    },
    save({ layers, order, witnessed = null }, urgent) {
      const kept = `${JSON.stringify({ version: 1, layers, order, witnessed })}\n`
      try {
        if (urgent) return writeWhole(file, kept)
        // Numbers that were heard: a power cut may cost the last of them, and need not cost a stall per command.
        mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
        writeFileSync(`${file}.soon`, kept, { mode: 0o600 })
        renameSync(`${file}.soon`, file)
      } catch (error) {
        throw new AppError('STATE_STORAGE', `${file} can not be written`, {}, error)
      }
    },
  }
}

/** Tells which layers a trainer that starts now must hold: those under a stop, or all when nobody can know. */
export function heldLayers(dataDir: string): readonly string[] | 'all' {
  try {
    const kept = openLatchFile(dataDir).load()
    return kept === null ? [] : createStopLatch(Object.keys(kept.layers), kept.layers).stopped()
  } catch {
    return 'all'
  }
}

/** Puts together what the agent knows. @throws CONFIG_INVALID when a key can not be used */
export function openLayerGuard(dataDir: string): GuardOptions {
  const { trusted, layerSecret } = openLayerTrust(dataDir)
  const secret = Buffer.from(layerSecret)
  return {
    verify: createVerifier(trusted),
    gatewayKeys: trusted.flatMap(({ publicKeyPem, scope }) => (scope === 'gateway' ? [keyIdOfPem(publicKeyPem)] : [])),
    store: openLatchFile(dataDir),
    lease: {},
    line: {
      secret: () => secret,
      address() {
        try {
          const { host, socket_port: port } = readGatewayFile(dataDir)
          return { host, port }
        } catch {
          // Not announced yet, or being replaced: asked again at the next attempt.
          return null
        }
      },
    },
  }
}
