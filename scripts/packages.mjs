/*
 * packages: brings node_modules into the state the lock file describes.
 * In: package.json, package-lock.json, what lies in node_modules, and a scope: `run` is what the product needs, `all` also
 *   what its tests need (a third more to unpack). Out: null when right, else a sentence.
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
/** npm writes this file when it has finished everything else. */
const FINISHED = path.join(TREE, '.package-lock.json')
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

function missingPieces(scope) {
  const { dependencies = {}, devDependencies = {} } = readJson(path.join(ROOT, 'package.json'))
  const names = [...Object.keys(dependencies), ...(scope === 'all' ? Object.keys(devDependencies) : [])]
  const missing = names.filter((name) => !existsSync(path.join(TREE, name, 'package.json')))
  try {
    accessSync(localNode(), constants.X_OK)
  } catch {
    missing.push(`a Node for ${process.platform} ${process.arch}`)
  }
  if (!existsSync(FINISHED)) missing.push(path.basename(FINISHED))
  return missing
}

/** Compares a finished tree with the lock; in the scope `run` a development package may be there or not. */
export function treeMatchesLock(wanted, found, scope) {
  return Object.entries(wanted).every(([key, { version, optional, dev, devOptional }]) => {
    if (key === '') return true
    const absent = optional === true || (scope === 'run' && (dev === true || devOptional === true))
    return found[key] ? found[key].version === version : absent
  })
}

function matchesLock(scope) {
  try {
    const wanted = readJson(path.join(ROOT, 'package-lock.json')).packages
    return treeMatchesLock(wanted, readJson(FINISHED).packages, scope)
  } catch {
    return false
  }
}

/** Tells whether a stamp vouches for the scope: a tree with everything in it serves both. */
export function stampServes(stamp, hash, scope) {
  return stamp === `${hash} all` || (scope === 'run' && stamp === `${hash} run`)
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

function install(scope, onStart, flags = []) {
  const [command, ...first] = npmCommand()
  const dev = scope === 'all' ? '--include=dev' : '--omit=dev'
  const all = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', dev, ...flags]
  return runProgram('installing packages', command, [...first, ...all], { env: npmEnv(), onStart })
}

const stampNow = () => (existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '')

/**
 * Installs what is missing or differs, for `run` or `all`. Answers null when the tree is right, else the sentence to stop
 * with. A tree made for `run` is completed for `all`, and one made for `all` is left as it is.
 */
export async function ensurePackages(scope, onStart) {
  const hash = fingerprint()
  // What every scope needs: if that is not whole, npm was interrupted.
  const broken = missingPieces('run')
  if (broken.length === 0 && missingPieces(scope).length === 0) {
    if (stampServes(stampNow(), hash, scope)) return null
    if (matchesLock(scope)) {
      writeStamp(`${hash} ${scope}`)
      return null
    }
  }
  if (existsSync(TREE) && broken.length > 0) {
    say(`packages: an earlier installation did not finish (${broken.slice(0, 3).join(', ')} missing): starting over`)
    rmSync(TREE, { recursive: true, force: true })
  }
  // Both go before npm touches the tree: an interruption from here on is seen as one.
  rmSync(STAMP, { force: true })
  rmSync(FINISHED, { force: true })
  say(`packages: installing ${scope === 'run' ? 'what the product needs' : 'everything'} (about 15 s when cached)`)
  // What is cached is not asked for again; a cache too old for the lock fails, and the second try asks.
  let result = await install(scope, onStart, ['--prefer-offline'])
  if (result.code !== 0 && !NETWORK.test(result.tail.join('\n'))) {
    say('packages: npm failed; once more from an empty tree')
    rmSync(TREE, { recursive: true, force: true })
    result = await install(scope, onStart)
  }
  if (result.code !== 0) return `npm install failed:\n${result.tail.slice(-30).join('\n')}`
  const still = missingPieces(scope)
  if (still.length > 0) return `npm install ended well, but these are missing: ${still.join(', ')}`
  writeStamp(`${hash} ${scope}`)
  return null
}
