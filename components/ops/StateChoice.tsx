/*
 * StateChoice: the states a seed may be sent to, and those it may not, with the reason.
 * In: choices of one seed (undefined while asked for), or null for many seeds. Out: one chosen state.
 * Invariant: what is illegal stays in sight, can be focused and read, and can not be chosen; a lock marks what has no way back.
 * Source: docs/ux.md "composer".
 */
import type { SeedChoice } from '../../lib/contracts/commandPreview.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'

interface Props {
  readonly choices: readonly SeedChoice[] | null | undefined
  readonly states: readonly SeedState[]
  readonly value: SeedState | null
  readonly onChange: (state: SeedState) => void
}

const ANY = { legal: true, reason: '', one_way: false } as const

export function StateChoice({ choices, states, value, onChange }: Props) {
  if (choices === undefined) return <div className="state-choice state-choice-skeleton" aria-busy="true" />
  const of = (state: SeedState) => choices?.find((choice) => choice.state === state) ?? { ...ANY, state }
  const listed = states.map(of).toSorted((a, b) => Number(b.legal) - Number(a.legal))
  return (
    <ul className="state-choice" aria-label="Target state">
      {listed.map((choice) => (
        <li key={choice.state}>
          <button
            type="button"
            aria-pressed={value === choice.state}
            aria-disabled={!choice.legal}
            onClick={() => choice.legal && onChange(choice.state)}
          >
            <StateGlyph state={SEED_STATE_ID[choice.state]} size={14} />
            <span>{stateText(choice.state)}</span>
            {choice.one_way && choice.legal && <span className="t2 one-way">no way back</span>}
            {!choice.legal && <span className="t3 why">{choice.reason}</span>}
          </button>
        </li>
      ))}
    </ul>
  )
}
