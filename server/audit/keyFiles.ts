/*
 * keyFiles: the private keys of this installation, each in a file of its own that only its owner may read.
 * In: a folder and a name. Out: the key; made at the first start, the public half of a pair beside it as `.pub`.
 * Invariant: a key that is there is never replaced; two processes that start at once end with the same key.
 * Source: docs/audit.md "keys".
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'

/** Reads the file, or makes it with the text of `make`, readable by its owner only. */
function readOrMake(file: string, make: () => string): string {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const part = `${file}.${process.pid}.part`
  writeFileSync(part, make(), { mode: 0o600 })
  try {
    // Fails when another process was faster, unlike a rename.
    linkSync(part, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(part, { force: true })
  }
  return readFileSync(file, 'utf8')
}

const orThrow = <T>(file: string, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw new AppError('STATE_STORAGE', `the key ${file} can not be used: ${(error as Error).message}`, {}, error)
  }
}

/** An Ed25519 key as PEM. @throws STATE_STORAGE when it can be neither read nor made */
export function ensureKeyFile(folder: string, name: string): string {
  const file = path.join(folder, `${name}.key`)
  return orThrow(file, () => {
    const make = () => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const pem = readOrMake(file, make)
    writeFileSync(path.join(folder, `${name}.pub`), createPublicKey(pem).export({ format: 'pem', type: 'spki' }))
    return pem
  })
}

/** 256 random bits as hex. @throws STATE_STORAGE when they can be neither read nor made */
export function ensureSecretFile(folder: string, name: string): string {
  const file = path.join(folder, `${name}.secret`)
  return orThrow(file, () => readOrMake(file, () => randomBytes(32).toString('hex')).trim())
}
