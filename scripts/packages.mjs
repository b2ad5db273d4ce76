/*
 * packages: brings node_modules into the state the lock file describes.
 * In: package.json, package-lock.json, what lies in node_modules. Out: null when right, else a sentence.
 * Invariant: the stamp is written last and by rename; a tree without it is compared with the lock entry by entry, and a
 *   tree that npm did not finish is removed first, because npm takes a half-unpacked package for an installed one.
 * `npm install --no-save`, not `npm ci`: the lock lacks some packages of other platforms, which `npm ci` refuses.
 * Source: docs/adr/0001-toolchain.md.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT, localNode, runProgram, say } from './steps.mjs'

const TREE = path.join(ROOT, 'node_modules')
const STAMP = path.join(TREE, '.morphoscope-stamp')
const NETWORK = /ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ENETUNREACH|E40[134]|ENOTCACHED/

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

function fingerprint() {
  const hash = createHash('sha256')
  for (const name of ['package.json', 'package-lock.json']) {
    const file = path.join(ROOT, name)
    hash.update(existsSync(file) ? readFileSync(file) : 'absent').update('\0')
  }
  return hash.digest('hex')
}

function missingPieces() {
  const { dependencies = {}, devDependencies = {} } = readJson(path.join(ROOT, 'package.json'))
  const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)]
  const missing = names.filter((name) => !existsSync(path.join(TREE, name, 'package.json')))
  try {
    accessSync(localNode(), constants.X_OK)
  } catch {
    missing.push('node/bin/node')
  }
  // npm writes this file when it has finished everything else.
  if (!existsSync(path.join(TREE, '.package-lock.json'))) missing.push('.package-lock.json')
  return missing
}

function matchesLock() {
  try {
    const wanted = readJson(path.join(ROOT, 'package-lock.json')).packages
    const found = readJson(path.join(TREE, '.package-lock.json')).packages
    return Object.entries(wanted).every(
      ([key, { version, optional }]) => key === '' || (found[key] ? found[key].version === version : optional === true),
    )
  } catch {
    return false
  }
}

function writeStamp(text) {
  const part = `${STAMP}.${process.pid}`
  writeFileSync(part, text)
  renameSync(part, STAMP)
}

/** npm of whoever called us, run by the Node that runs it: never by the one in the tree that is being replaced. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env
  if (script?.endsWith('.js') && node && existsSync(script) && !node.startsWith(TREE)) return [node, script]
  return ['npm']
}

function npmEnv() {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => !folder.startsWith(TREE))
  // NODE_ENV=production would leave out what the build and the tests need.
  return { PATH: folders.join(path.delimiter), NODE_ENV: undefined }
}

function install(onStart) {
  const [command, ...first] = npmCommand()
  const flags = ['--no-save', '--no-audit', '--no-fund', '--include=dev', '--loglevel=error']
  return runProgram('installing packages', command, [...first, 'install', ...flags], { env: npmEnv(), onStart })
}

/** Installs what is missing or differs. Answers null when the tree is right, else the sentence to stop with. */
export async function ensurePackages(onStart) {
  const wanted = fingerprint()
  const missing = missingPieces()
  if (missing.length === 0) {
    if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return null
    if (matchesLock()) {
      writeStamp(wanted)
      return null
    }
  }
  if (existsSync(TREE) && missing.length > 0) {
    say(`packages: an earlier installation did not finish (${missing.slice(0, 3).join(', ')} missing): starting over`)
    rmSync(TREE, { recursive: true, force: true })
  }
  rmSync(STAMP, { force: true })
  say('packages: installing (about 20 s when cached)')
  let result = await install(onStart)
  if (result.code !== 0 && !NETWORK.test(result.tail.join('\n'))) {
    say('packages: npm failed; once more from an empty tree')
    rmSync(TREE, { recursive: true, force: true })
    result = await install(onStart)
  }
  if (result.code !== 0) return `npm install failed:\n${result.tail.slice(-30).join('\n')}`
  const still = missingPieces()
  if (still.length > 0) return `npm install ended well, but these are missing: ${still.join(', ')}`
  writeStamp(wanted)
  return null
}
