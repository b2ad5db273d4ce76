/*
 * bench: runs the benchmarks of the benchmarks folder by name, one after the other, and gathers what they measured.
 * In: names (all without one), --json FILE, further flags for the benchmarks. Out: their lines; exit code 1 when a bar is broken.
 * Invariant: a benchmark judges itself; one that fails or writes no results fails the whole, and none runs beside another.
 * Source: docs/performance.md.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ROOT, complain, localNode, runProgram, say, stopChildrenOnSignals } from './steps.mjs'

const FOLDER = path.join(ROOT, 'benchmarks')
const ENDING = '.bench.ts'

/** Splits the arguments into names of benchmarks, the file for the results, and what the benchmarks get. */
export function parseArguments(args, known) {
  const names = []
  const passed = []
  let json = null
  for (let at = 0; at < args.length; at++) {
    // `npm run bench -- NAME -- --json FILE` hands the second `--` on.
    if (args[at] === '--') continue
    if (args[at] === '--json') {
      json = args[++at] ?? null
      if (json === null) throw new Error('--json wants the name of a file')
    } else if (args[at].startsWith('--')) {
      passed.push(args[at])
      if (args[at + 1] !== undefined && !args[at + 1].startsWith('--')) passed.push(args[++at])
    } else if (known.includes(args[at])) names.push(args[at])
    else throw new Error(`no benchmark named ${args[at]}: one of ${known.join(', ')}`)
  }
  return { names: names.length > 0 ? names : known, json, passed }
}

async function main(work) {
  const known = readdirSync(FOLDER).flatMap((name) => (name.endsWith(ENDING) ? [name.slice(0, -ENDING.length)] : []))
  const { names, json, passed } = parseArguments(process.argv.slice(2), known)
  const all = { machine: {}, results: [] }
  let failed = false
  for (const name of names) {
    say(`== ${name}`)
    const file = path.join(work, `${name}.json`)
    const args = [path.join(FOLDER, name + ENDING), ...passed, '--json', file]
    const { code } = await runProgram(name, localNode(), args, { quiet: false })
    if (code !== 0) complain(`${name}: ended with code ${code}`)
    failed ||= code !== 0 || !existsSync(file)
    if (!existsSync(file)) continue
    const { machine, results } = JSON.parse(readFileSync(file, 'utf8'))
    all.machine = machine
    all.results.push(...results)
  }
  if (json !== null) writeFileSync(json, `${JSON.stringify(all, null, 2)}\n`)
  // A spread that hides the answer is neither a pass nor a broken bar.
  const unjudged = all.results.filter((result) => result.judged === false)
  const broken = all.results.filter((result) => !result.holds && result.judged !== false)
  say(
    `${all.results.length} figures, ${broken.length} over their bar, ${unjudged.length} not judged (the machine was busy)`,
  )
  return failed || broken.length > 0 ? 1 : 0
}

if (process.argv[1] && path.basename(process.argv[1]) === 'bench.mjs') {
  const work = mkdtempSync(path.join(tmpdir(), 'morphoscope-bench-'))
  const tidy = () => rmSync(work, { recursive: true, force: true, maxRetries: 3 })
  stopChildrenOnSignals(tidy)
  try {
    process.exitCode = await main(work)
  } catch (error) {
    complain(`bench: ${error.message}`)
    process.exitCode = 1
  } finally {
    tidy()
  }
}
