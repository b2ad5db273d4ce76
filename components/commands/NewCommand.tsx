/*
 * NewCommand: a command for many seeds: the selection as a sentence that can be read, edited and shared, then the composer.
 * In: the layers of the shown run; seeds picked on a map, or a sentence from the address. Out: targets for the composer.
 * Invariant: the sentence is what is evaluated, here and again when it is sent; what of it can not be read makes no command; nothing
 * chosen means nothing, never everything.
 * Source: docs/ux.md "bulk"; docs/commands.md "many seeds".
 */
'use client'
import { useId, useState } from 'react'
import type { SeedQuery } from '../../lib/contracts/commandDraft.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { stateText } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { Composer } from '../ops/Composer.tsx'
import { clearPicked, readPicked, toSeedQuery, useSelection } from '../ops/selectionStore.ts'
import { readSentence, writeSentence, type SentenceWords } from '../ops/sentence.ts'
import { Panel } from '../ui/Panel.tsx'

type Op = '<' | '<=' | '>' | '>='
const OPS: readonly Op[] = ['<', '<=', '>', '>=']
const NOTHING: SeedQuery = Object.freeze({})

/** What a link says, else what is picked on a map. */
function firstSentence(): string {
  const linked = new URLSearchParams(location.search).get('seeds')
  return linked ?? writeSentence(toSeedQuery(readPicked()))
}

/** Keeps the sentence in the address, so that it can be shared. */
function shareSentence(text: string): void {
  const url = new URL(location.href)
  if (text === '') url.searchParams.delete('seeds')
  else url.searchParams.set('seeds', text)
  history.replaceState(history.state, '', url)
}

const toggled = <T,>(list: readonly T[], one: T): T[] =>
  list.includes(one) ? list.filter((other) => other !== one) : [...list, one]

export function NewCommand({ runId }: { readonly runId: string | null }) {
  const { session } = useLive()
  useLiveTopic(['runs', 'view'], 1_000)
  const run = session.store.run()
  const layers = run?.descriptor.layers.map((layer) => layer.layer_id) ?? []
  const columns = run?.descriptor.seed_columns.filter((column) => column.unit !== 'id' && column.name !== 'state') ?? []
  const words: SentenceWords = { layers, metrics: columns }
  const picked = useSelection()
  const [text, setText] = useState(firstSentence)
  const field = useId()
  const problem = useId()

  const said = readSentence(text, words)
  const query = said.kind === 'query' ? said.query : NOTHING
  // The presses below write the sentence anew: one that can not be read is put right by hand first.
  const isFixed = said.kind === 'unread'
  const put = (next: string): void => {
    setText(next)
    shareSentence(next)
  }
  const change = (next: SeedQuery): void => put(writeSentence(next))
  const { states = [], where = [], seeds = [] } = query
  const whole = query.layers ?? []
  const named = [...whole, ...seeds.map((list) => list.layer_id)]
  const toggleLayer = (layer: string): void => {
    const left = seeds.filter((list) => list.layer_id !== layer)
    const isPicked = left.length < seeds.length
    change({ ...query, seeds: left, layers: isPicked ? [...whole] : toggled(whole, layer) })
  }
  const isUnknown = run === null
  const pickedText = writeSentence(toSeedQuery(picked))

  return (
    <Panel title="New command for many seeds" className="new-command">
      <div className="composer">
        <label htmlFor={field} className="sentence">
          Seeds
          <input
            id={field}
            value={text}
            spellCheck={false}
            autoComplete="off"
            placeholder="layer_0..layer_2, TRAINING or GRAFTING, health_score < 0.3"
            aria-invalid={isFixed}
            aria-describedby={problem}
            onChange={(event) => put(event.target.value)}
          />
        </label>
        <p id={problem} className={isFixed ? 'tone-warn sentence-problem' : 't2 sentence-problem'}>
          {said.kind === 'unread' && !isUnknown
            ? `“${said.part}” can not be read: ${said.text}.`
            : isUnknown
              ? 'No run is shown.'
              : 'Edit it, or choose below. It is read again when the command is sent.'}
        </p>
        {picked.count > 0 && pickedText !== text && (
          <p className="card-actions">
            <button type="button" onClick={() => put(pickedText)}>
              Take the {picked.count} seeds picked on the map
            </button>
            <button type="button" onClick={clearPicked}>
              Let go of them
            </button>
          </p>
        )}
        <fieldset className="chips" disabled={isFixed}>
          <legend>Layers</legend>
          {layers.slice(0, 200).map((layer) => (
            <button key={layer} type="button" aria-pressed={named.includes(layer)} onClick={() => toggleLayer(layer)}>
              {layer}
            </button>
          ))}
        </fieldset>
        <fieldset className="chips" disabled={isFixed || named.length === 0}>
          <legend>In state, none chosen means any</legend>
          {SEED_STATES.map((state) => (
            <button
              key={state}
              type="button"
              aria-pressed={states.includes(state)}
              onClick={() => change({ ...query, states: toggled(states, state) })}
            >
              {stateText(state)}
            </button>
          ))}
        </fieldset>
        <Condition
          words={words}
          disabled={isFixed || named.length === 0}
          onAdd={(one) => change({ ...query, where: [...where, one] })}
        />
      </div>
      {said.kind !== 'query' ? (
        <p className="panel-note t2">
          {isFixed ? 'Nothing is previewed or sent until the sentence can be read.' : 'Choose at least one layer.'}
        </p>
      ) : (
        <Composer
          key={JSON.stringify(query)}
          place={{ kind: 'many', targets: { kind: 'query', query } }}
          runId={runId}
        />
      )}
    </Panel>
  )
}

/** One more condition; added by a press, so that half a number is never part of the sentence. */
function Condition({
  words,
  disabled,
  onAdd,
}: {
  readonly words: SentenceWords
  readonly disabled: boolean
  readonly onAdd: (one: NonNullable<SeedQuery['where']>[number]) => void
}) {
  const [metric, setMetric] = useState('')
  const [op, setOp] = useState<Op>('<')
  const [value, setValue] = useState('')
  const number = value.trim() === '' ? Number.NaN : Number(value.trim().replace(',', '.'))
  return (
    <fieldset className="composer-fields" disabled={disabled} aria-label="Condition">
      <label>
        Where
        <select value={metric} onChange={(event) => setMetric(event.target.value)}>
          <option value="">any value</option>
          {words.metrics.map((column) => (
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
          aria-invalid={metric !== '' && value.trim() !== '' && !Number.isFinite(number)}
          onChange={(event) => setValue(event.target.value)}
        />
      </label>
      <button
        type="button"
        disabled={metric === '' || !Number.isFinite(number)}
        onClick={() => {
          onAdd({ metric, op, value: number })
          setMetric('')
          setValue('')
        }}
      >
        Add condition
      </button>
    </fieldset>
  )
}
