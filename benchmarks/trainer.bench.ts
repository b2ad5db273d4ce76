/*
 * trainer.bench: the trainer-overhead script as a benchmark: steps per CPU second with telemetry on, against off.
 * In: --rounds N, --steps N, --json FILE. Out: its lines, and one figure with the shape of the others.
 * Invariant: the script measures; here its rounds are read and judged by the same rule as every other figure.
 * Source: docs/performance.md "trainer overhead"; seed-design.md 5.2.
 */
import { spawn } from 'node:child_process'
import { finish, judge, numberFlag, say } from './support/benchReport.ts'

const ROUND = /cpu (\d+) on, (\d+) off/g
const args = ['--rounds', String(numberFlag('rounds', 7)), '--steps', String(numberFlag('steps', 2_000))]
const script = new URL('../scripts/trainer-overhead.ts', import.meta.url).pathname
const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
let out = ''
child.stdout.on('data', (text: Buffer) => {
  out += String(text)
  say(String(text).trimEnd())
})
await new Promise<void>((resolve) => child.once('close', () => resolve()))
const rounds = [...out.matchAll(ROUND)].map(([, on, off]) => ({ value: Number(on), ceiling: Number(off) }))
finish([
  judge('trainer-overhead', 'steps/CPU-s with telemetry', rounds, {
    text: '>= 0.99 of the same trainer without telemetry',
    holds: (_value, ratio) => ratio >= 0.99,
  }),
])
