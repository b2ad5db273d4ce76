/*
 * keyFiles: the private keys of this installation, each in a file of its own that only its owner may read.
 * In: a folder and a name. Out: the key as PEM; made at the first start, the public half beside it as `.pub`.
 * Invariant: a key that is there is never replaced; two processes that start at once end with the same key.
 * Source: docs/audit.md "keys".
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'

/** @throws STATE_STORAGE when the key can be neither read nor made */
export function ensureKeyFile(folder: string, name: string): string {
  const file = path.join(folder, `${name}.key`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    const { privateKey } = generateKeyPairSync('ed25519')
    const part = path.join(folder, `${name}.${process.pid}.part`)
    writeFileSync(part, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
    try {
      // Fails when another process was faster, unlike a rename.
      linkSync(part, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(part, { force: true })
    }
    const pem = readFileSync(file, 'utf8')
    writeFileSync(path.join(folder, `${name}.pub`), createPublicKey(pem).export({ format: 'pem', type: 'spki' }))
    return pem
  } catch (error) {
    throw new AppError('STATE_STORAGE', `the key ${file} can not be used: ${(error as Error).message}`, {}, error)
  }
}
