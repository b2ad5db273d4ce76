/*
 * Compare panel: the shown run, or another in its place, beside a run that is live or recorded.
 * In: both answers. Out: both curves, the difference at the last common step, what each kept, every seed's difference.
 * Invariant: what makes the two unlike stands first; a recording that is torn or not ended says so.
 * Source: features A5, A14; docs/ux.md "pages: run".
 */
'use client'
import type { RunDetail, RunPoint } from '../../lib/contracts/httpRuns.ts'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import type { ApiAnswer } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { answerState } from './answerState.ts'
import { CompareCurve } from './CompareCurve.tsx'
import { compareRuns, type ComparedBlueprint, type ComparedRuns, type RunNames } from './compareRuns.ts'
import { lastMeasured, pointsText } from './gainWords.ts'
import { keepingWords } from './keepingWords.ts'
import { PictureDelta } from './PictureDelta.tsx'

export function ComparePanel({
  one,
  isShown,
  other,
}: {
  readonly one: RunDetail | null
  /** The first one is the run that this page shows; another is named. */
  readonly isShown: boolean
  readonly other: ApiAnswer<RunDetail>
}) {
  const { page } = useLive()
  const { data } = other
  const compared = one === null || data === null ? null : compareRuns(one, data)
  const names = one === null || isShown ? SHOWN : { one: one.run_id, other: data?.run_id ?? 'the other' }
  const told = answerState(other, false)
  const unknown = other.problem?.status === 404 && data === null
  return (
    <Panel
      title="Compared"
      className="run-compare"
      hint={data === null ? '' : keepingWords(data)}
      state={unknown ? 'empty' : told.state}
      message={
        unknown
          ? 'The run of this link is neither live nor recorded here. It may have made room for newer ones.'
          : told.message
      }
      actions={
        <button type="button" onClick={() => page.set({ compare: null, first: null })}>
          End comparison
        </button>
      }
    >
      {data !== null && (
        <div className="compare-body">
          {compared !== null && <Verdict compared={compared} names={names} />}
          <CompareCurve one={one ?? data} other={one === null ? null : data} />
          {compared !== null && one !== null && <Figures compared={compared} one={one} other={data} names={names} />}
          {compared?.step != null && one !== null && (
            <PictureDelta
              one={one.run_id}
              other={data.run_id}
              names={names}
              step={compared.step}
              columns={one.seed_columns}
            />
          )}
        </div>
      )}
    </Panel>
  )
}

const SHOWN: RunNames = { one: 'this run', other: 'the other' }
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

function Verdict({ compared, names }: { readonly compared: ComparedRuns; readonly names: RunNames }) {
  const { step, accuracy, unlike } = compared
  return (
    <p className="compare-verdict">
      {step === null || accuracy === null
        ? 'The two have no step in common at which both were evaluated.'
        : `At step ${formatCount(step)}, the last that both reached, ${names.one} is ${pointsText(accuracy)} from ${names.other}.`}{' '}
      {unlike.length > 0 && <span className="t2">They are not alike: {unlike.join('; ')}.</span>}
    </p>
  )
}

const tellBlueprint = (row: ComparedBlueprint['one']): string =>
  row === null ? '–' : `${formatCount(row.fossilised)} of ${formatCount(row.tried)}`

function Figures({
  compared,
  one,
  other,
  names,
}: {
  readonly compared: ComparedRuns
  readonly one: RunDetail
  readonly other: RunDetail
  readonly names: RunNames
}) {
  const accuracyOf = (point: RunPoint | null | undefined): string => formatPercent(point?.val_accuracy)
  const [end, otherEnd] = [lastMeasured(one.curve), lastMeasured(other.curve)]
  const signed = (value: number | null): string =>
    value === null ? '–' : `${value > 0 ? '+' : value < 0 ? '−' : ''}${formatCount(Math.abs(value))}`
  return (
    <ScrollRegion label="Figures of both runs" className="page-table">
      <table>
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col" className="num">
              {names === SHOWN ? capital(names.one) : names.one}
            </th>
            <th scope="col" className="num">
              {names === SHOWN ? capital(names.other) : names.other}
            </th>
            <th scope="col" className="num">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Accuracy at step {formatCount(compared.step)}</th>
            <td className="num">{accuracyOf(compared.one)}</td>
            <td className="num">{accuracyOf(compared.other)}</td>
            <td className="num">{compared.accuracy === null ? '–' : pointsText(compared.accuracy)}</td>
          </tr>
          <tr>
            <th scope="row">Parameters at step {formatCount(compared.step)}</th>
            <td className="num">{formatCount(compared.one?.parameters)}</td>
            <td className="num">{formatCount(compared.other?.parameters)}</td>
            <td className="num">{signed(compared.parameters)}</td>
          </tr>
          <tr>
            <th scope="row">Newest accuracy</th>
            <td className="num">{accuracyOf(end)}</td>
            <td className="num">{accuracyOf(otherEnd)}</td>
            <td className="num t3">of other steps</td>
          </tr>
          <tr>
            <th scope="row">Newest at step</th>
            <td className="num">{formatCount(end?.step)}</td>
            <td className="num">{formatCount(otherEnd?.step)}</td>
            <td className="num">
              {signed(end === undefined || otherEnd === undefined ? null : end.step - otherEnd.step)}
            </td>
          </tr>
          {compared.blueprints.map((row) => (
            <tr key={row.blueprintId}>
              <th scope="row">{row.blueprintId} fossilised</th>
              <td className="num">{tellBlueprint(row.one)}</td>
              <td className="num">{tellBlueprint(row.other)}</td>
              <td className="num">
                {row.one === null || row.other === null ? '–' : signed(row.one.fossilised - row.other.fossilised)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
