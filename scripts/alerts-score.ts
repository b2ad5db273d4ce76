/*
 * alerts-score: precision and recall of the rules that ship, on recorded runs of the real trainer with and without faults.
 * In: --rounds (20 runs each, other run seeds per round), --verbose. Out: what each run raised, a table per rule; exit code 0.
 * Invariant: every number is counted here, now, by the product's own watch and engine; nothing is tuned in this script.
 * Source: docs/alerts.md "measured".
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SHIPPED_RULES } from '../lib/alerts/shippedRules.ts'
import { DETECTORS } from '../lib/contracts/alertDetectors.ts'
import { parseDigits } from '../lib/training/dataset.ts'
import { judgeRun } from './alertScore/judgeRun.ts'
import { recordRun } from './alertScore/recordRun.ts'
import { planRuns } from './alertScore/runPlans.ts'
import { scoreRule, scoreTable, type ScoredRun } from './alertScore/scoreRules.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1' }, verbose: { type: 'boolean' } } })
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')
const digits = parseDigits(readFileSync(new URL('../assets/digits/digits-14x14.bin.br', import.meta.url)))
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const runs: ScoredRun[] = []
for (let round = 0; round < rounds; round++)
  for (const plan of planRuns(digits, round)) {
    const recording = recordRun(plan)
    const raises = await judgeRun(recording)
    const may = Object.keys(plan.may)
    runs.push({ must: plan.must, may, faultMs: recording.faultMs, raises })
    const counts = new Map<string, number>()
    for (const { rule } of raises) counts.set(rule, (counts.get(rule) ?? 0) + 1)
    const told = [...counts].map(([rule, count]) => {
      const place = plan.must.includes(rule) ? '' : may.includes(rule) ? ' (accepted)' : ' (unexpected)'
      return `${rule} x${count}${place}`
    })
    const missed = plan.must.filter((rule) => !counts.has(rule)).map((rule) => `${rule} (missed)`)
    print(`${plan.name}, seed ${plan.options.seed}: ${[...told, ...missed].join(', ') || 'nothing'}`)
    if (values.verbose === true)
      for (const { rule, severity, atMs, text } of raises) {
        const since = recording.faultMs === null ? '' : `, ${seconds(atMs - recording.faultMs)} after the fault`
        print(`  ${seconds(atMs)}${since}: ${rule} ${severity}: ${text}`)
      }
  }

// What looks at bus, gateway and commands is told here that they are well: it has no case in a recording of a run.
const judged = SHIPPED_RULES.filter(
  ({ detector }) => DETECTORS[detector].scope !== 'installation' && !['command_unacked', 'inbound'].includes(detector),
)
const rest = SHIPPED_RULES.filter((rule) => !judged.includes(rule)).map(({ id }) => id)
print(`\n${runs.length} runs, ${runs.filter(({ must }) => must.length > 0).length} of them with a fault`)
for (const line of scoreTable(judged.map(({ id }) => scoreRule(id, runs)))) print(line)
print(`no case in recordings of runs: ${rest.join(', ')}`)
