/*
 * CommandRows: commands as rows: what, where, state with its shape, who, when.
 * In: records. Out: a list with one Tab stop; Enter or a click chooses.
 * Invariant: a run of many is one row; its seeds are listed under it when it is chosen.
 * Source: docs/ux.md "pages: commands".
 */
'use client'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useTickKey } from '../live/useLiveTopic.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { stateTone, stateWords } from '../ops/stageWords.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { useRovingList } from '../ui/useRovingList.ts'

interface Props {
  readonly rows: readonly CommandRecord[]
  readonly chosen: string | null
  readonly onChoose: (id: string) => void
}

const MARKS = { plain: '○', ok: '✓', warn: '◇', crit: '✕' } as const

export function CommandRows({ rows, chosen, onChoose }: Props) {
  const { offsetMs } = useOps()
  const nowMs = (): number => systemClock.wallMs() + offsetMs
  useTickKey(() => String(Math.floor(nowMs() / 1_000)))
  const roving = useRovingList(rows.length)
  if (rows.length === 0) return null
  return (
    <ScrollRegion label="List of commands" className="command-rows">
      <ul {...roving.list}>
        {rows.map((row, index) => {
          const tone = stateTone(row.state)
          return (
            <li key={row.id}>
              <button
                type="button"
                data-roving
                tabIndex={roving.tabIndex(index)}
                aria-current={row.id === chosen ? 'true' : undefined}
                onClick={() => onChoose(row.id)}
              >
                <span className={`mark tone-${tone}`} aria-hidden="true">
                  {MARKS[tone]}
                </span>
                <span className="command-text">{row.text}</span>
                <span className={`tone-${tone}`}>{stateWords(row.state)}</span>
                <span className="t2">{row.actor}</span>
                <span className="t2 num">{formatAge(Math.max(0, nowMs() - Date.parse(row.created_at)))} ago</span>
              </button>
            </li>
          )
        })}
      </ul>
    </ScrollRegion>
  )
}
