/*
 * NewCommand: a command for many seeds: the selection as a sentence that can be read, edited and shared, then the composer.
 * In: the layers of the shown run; a selection from the address. Out: targets for the composer.
 * Invariant: the sentence is what is evaluated, here and again when it is sent; nothing chosen means nothing, never everything.
 * Source: docs/ux.md "bulk"; docs/commands.md "many seeds".
 */
'use client'
import { useState } from 'react'
import type { CommandTargets, SeedQuery } from '../../lib/contracts/commandDraft.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { stateText } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { Composer } from '../ops/Composer.tsx'
import { useSelection } from '../ops/selectionStore.ts'
import { Panel } from '../ui/Panel.tsx'

type Op = '<' | '<=' | '>' | '>='
const OPS: readonly Op[] = ['<', '<=', '>', '>=']

/** Says a query as a sentence. */
export function querySentence(query: SeedQuery): string {
  const layers = query.layers?.length ? query.layers.join(', ') : 'no layer'
  const states = query.states?.length ? query.states.map((state) => stateText(state)).join(' or ') : 'any state'
  const where = (query.where ?? []).map((one) => `${one.metric} ${one.op} ${one.value}`)
  return [`seeds of ${layers}`, `in ${states.toLowerCase()}`, ...where].join(', ')
}

export function NewCommand({ runId }: { readonly runId: string | null }) {
  const { session } = useLive()
  useLiveTopic(['runs', 'view'], 1_000)
  const run = session.store.run()
  const layers = run?.descriptor.layers.map((layer) => layer.layer_id) ?? []
  const columns = run?.descriptor.seed_columns.filter((column) => column.unit !== 'id' && column.name !== 'state') ?? []
  const picked = useSelection()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [states, setStates] = useState<readonly SeedState[]>([])
  const [metric, setMetric] = useState('')
  const [op, setOp] = useState<Op>('<')
  const [value, setValue] = useState('')
  const [usePicked, setUsePicked] = useState(true)

  const number = value.trim() === '' ? Number.NaN : Number(value.replace(',', '.'))
  // A condition that can not be read is never left out: that would mean more seeds than were asked for.
  const unread = metric !== '' && !Number.isFinite(number)
  const query: SeedQuery = {
    layers: [...chosen],
    ...(states.length === 0 ? {} : { states: [...states] }),
    ...(metric === '' || !Number.isFinite(number) ? {} : { where: [{ metric, op, value: number }] }),
  }
  const fromMap = usePicked && picked.count > 0
  const targets: CommandTargets | null = fromMap
    ? {
        kind: 'seeds',
        layers: picked.layers.map(({ layerId, seedIds }) => ({ layer_id: layerId, seed_ids: [...seedIds] })),
      }
    : chosen.length === 0 || unread
      ? null
      : { kind: 'query', query }
  const toggle = <T,>(list: readonly T[], one: T): readonly T[] =>
    list.includes(one) ? list.filter((other) => other !== one) : [...list, one]

  return (
    <Panel title="New command for many seeds" className="new-command">
      <div className="composer">
        {picked.count > 0 && (
          <label className="check">
            <input type="checkbox" checked={usePicked} onChange={(event) => setUsePicked(event.target.checked)} /> The{' '}
            {picked.count} seeds picked on the map ({picked.layers.map((layer) => layer.layerId).join(', ')})
          </label>
        )}
        {!fromMap && (
          <>
            <fieldset className="chips">
              <legend>Layers</legend>
              {layers.slice(0, 200).map((layer) => (
                <button
                  key={layer}
                  type="button"
                  aria-pressed={chosen.includes(layer)}
                  onClick={() => setChosen(toggle(chosen, layer))}
                >
                  {layer}
                </button>
              ))}
              {layers.length === 0 && <span className="t2">No run is shown.</span>}
            </fieldset>
            <fieldset className="chips">
              <legend>In state, none chosen means any</legend>
              {SEED_STATES.map((state) => (
                <button
                  key={state}
                  type="button"
                  aria-pressed={states.includes(state)}
                  onClick={() => setStates(toggle(states, state))}
                >
                  {stateText(state)}
                </button>
              ))}
            </fieldset>
            <div className="composer-fields">
              <label>
                Where
                <select value={metric} onChange={(event) => setMetric(event.target.value)}>
                  <option value="">any value</option>
                  {columns.map((column) => (
                    <option key={column.name} value={column.name}>
                      {column.label}
                    </option>
                  ))}
                </select>
              </label>
              <label>
                is
                <select value={op} disabled={metric === ''} onChange={(event) => setOp(event.target.value as Op)}>
                  {OPS.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </select>
              </label>
              <label>
                Value
                <input
                  inputMode="decimal"
                  value={value}
                  disabled={metric === ''}
                  onChange={(event) => setValue(event.target.value)}
                />
              </label>
            </div>
            <p className="t2">{querySentence(query)}</p>
          </>
        )}
      </div>
      {targets === null ? (
        <p className="panel-note t2">
          {unread ? 'Say the value as a number, such as 0.5, or choose “any value”.' : 'Choose at least one layer.'}
        </p>
      ) : (
        <Composer key={JSON.stringify(targets)} place={{ kind: 'many', targets }} runId={runId} />
      )}
    </Panel>
  )
}
