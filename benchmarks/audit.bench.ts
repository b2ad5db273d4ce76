/*
 * audit.bench: how long the verifier takes for a million entries, under checkpoints as the product makes them, and without any.
 * In: nothing (--json FILE writes the results). Out: seconds of CPU per million entries, beside hashing the same bytes.
 * Invariant: the verdict of each round is checked: what was verified was all of it, and right.
 * Source: docs/audit.md "verification"; docs/performance.md.
 */
import { leafHash } from '../lib/audit/merkle.ts'
import { createLogVerifier, type Verdict } from '../lib/audit/verifyLog.ts'
import { makeTrail, newSigner } from '../tests/support/auditTrail.ts'
import { cpuNs, finish, judge, say } from './support/benchReport.ts'

const ENTRIES = 100_000
const ROUNDS = 5
const BAR_S = 30

const signer = newSigner()
say(`signing ${ENTRIES.toLocaleString('en-US')} entries`)
const { entries, notes } = makeTrail(signer, ENTRIES, 100)
const perMillion = (ns: number): number => (ns / ENTRIES) * 1e-3

function verify(kept: readonly string[], list = entries): Verdict {
  const verifier = createLogVerifier({ keys: [signer], notes: kept })
  for (const { bytes, signature } of list) verifier.add(bytes, signature)
  return verifier.finish()
}

function measure(name: string, kept: readonly string[], outcome: Verdict['outcome'], bar: number | null) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    let verdict: Verdict | null = null
    const value = perMillion(cpuNs(1, () => (verdict = verify(kept))))
    const { entries: seen, outcome: said } = verdict!
    if (seen !== ENTRIES || said !== outcome) throw new Error(`${name}: ${said} after ${seen} entries`)
    const ceiling = perMillion(cpuNs(1, () => entries.forEach(({ bytes }) => leafHash(bytes))))
    return { value, ceiling }
  })
  return judge(name, 's CPU per million entries', rounds, {
    text: bar === null ? 'informative' : `<= ${bar} s`,
    holds: bar === null ? null : (value) => value <= bar,
  })
}

finish([
  measure('audit verify, a checkpoint each 100 entries', notes, 'ok', BAR_S),
  measure('audit verify, every signature', [], 'incomplete', null),
])
