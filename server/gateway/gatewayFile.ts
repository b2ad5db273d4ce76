/*
 * gatewayFile: DATA_DIR/gateway.json: where the running gateway listens, and the token it wants to hear.
 * In: the data folder. Out: the file's content, or why there is none.
 * Invariant: the file appears whole and is readable by its owner only; what stands in it is checked before it is believed.
 * Source: docs/adr/0008-gateway-process.md.
 */
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'
import { GatewayFile } from '../../lib/contracts/gatewayControl.ts'
import { writeWhole } from './writeWhole.ts'

const placeOf = (dataDir: string): string => path.join(dataDir, 'gateway.json')

/** Writes the file; returns its undo, which leaves the file of a successor alone. */
export function writeGatewayFile(dataDir: string, content: GatewayFile): () => void {
  writeWhole(placeOf(dataDir), `${JSON.stringify(content, null, 2)}\n`)
  return () => {
    try {
      if (readGatewayFile(dataDir).token === content.token) rmSync(placeOf(dataDir), { force: true })
    } catch {
      // It is gone already, or it is not ours to remove.
    }
  }
}

/** @throws GATEWAY_UNAVAILABLE when there is no readable file: no gateway runs on this folder, or it is another user's */
export function readGatewayFile(dataDir: string): GatewayFile {
  const place = placeOf(dataDir)
  try {
    return GatewayFile.parse(JSON.parse(readFileSync(place, 'utf8')))
  } catch (error) {
    const why = (error as { code?: string }).code === 'ENOENT' ? 'there is no such file' : 'it can not be read'
    throw new AppError('GATEWAY_UNAVAILABLE', `no gateway is announced in ${place}: ${why}`, {}, error)
  }
}
