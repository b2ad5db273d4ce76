/*
 * keyFiles: the private keys and secrets of this installation, each in a file of its own that only its owner may read.
 * In: a file. Out: what is in it; made at the first start.
 * Invariant: what is there is never replaced; of two processes that start at once one makes the file and both use it; it is on the disk
 * before it is used, whole or not at all.
 * Source: docs/audit.md "keys"; docs/adr/0007-signed-commands.md.
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'

const SECRET_BYTES = 32

/** Reads the file, or makes it with the text of `make`. @throws what the file system throws */
function readOrMake(file: string, make: () => string): string {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const part = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = openSync(part, 'wx', 0o600)
  try {
    writeSync(handle, make())
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
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

/** An Ed25519 key as PEM, its public half beside it as `.pub`. @throws what the file system throws, TypeError for what is no key */
export function readOrMakeKey(file: string): string {
  const make = () => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const pem = readOrMake(file, make)
  const publicPem = createPublicKey(pem).export({ format: 'pem', type: 'spki' })
  const publicFile = `${file.slice(0, -path.extname(file).length)}.pub`
  // Derived, so it is simply made again when it is missing.
  if (!existsSync(publicFile)) writeFileSync(publicFile, publicPem)
  return pem
}

/** 256 random bits as hex, or what somebody put there. @throws what the file system throws */
export function readOrMakeSecret(file: string): string {
  return readOrMake(file, () => `${randomBytes(SECRET_BYTES).toString('hex')}\n`).trim()
}

const orThrow = <T>(file: string, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw new AppError('STATE_STORAGE', `the key ${file} can not be used: ${(error as Error).message}`, {}, error)
  }
}

/** @throws STATE_STORAGE when it can be neither read nor made */
export function ensureKeyFile(folder: string, name: string): string {
  const file = path.join(folder, `${name}.key`)
  return orThrow(file, () => readOrMakeKey(file))
}

/** @throws STATE_STORAGE when it can be neither read nor made */
export function ensureSecretFile(folder: string, name: string): string {
  const file = path.join(folder, `${name}.secret`)
  return orThrow(file, () => readOrMakeSecret(file))
}
