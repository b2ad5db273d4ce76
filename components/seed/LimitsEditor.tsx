/*
 * Limits editor: warn and alarm limits per metric, tried on the kept history before they are saved.
 * In: the present set with its version. Out: an edit, its back-test, its save; who was faster when somebody was.
 * Invariant: nothing is saved without the version it was made from; a refused value says which and why; the back-test saves nothing.
 * Source: features A8; docs/ux.md "limits".
 */
'use client'
import { useState } from 'react'
import type { Backtest, LimitSet, MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatAge, formatCount, formatMetric, formatUtc } from '../../lib/live/formatValue.ts'
import { useSession } from '../access/useSession.ts'
import { askApi, problemOf, type ApiAnswer, type ApiProblem } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'

interface Props {
  readonly answer: ApiAnswer<LimitSet>
  readonly columns: readonly MetricColumn[]
  readonly runId: string
  readonly onClose: () => void
}

const BANDS = [
  ['alarm_low', 'Alarm below'],
  ['warn_low', 'Warn below'],
  ['warn_high', 'Warn above'],
  ['alarm_high', 'Alarm above'],
] as const
type Band = (typeof BANDS)[number][0]

/** As it is typed: text until it is sent. */
type Draft = Readonly<Record<Band | 'hysteresis', string>> & { readonly metric: string; readonly note: string }

const asText = (value: number | null): string => (value === null ? '' : String(value))
const toDraft = (limit: MetricLimit): Draft => ({
  metric: limit.metric,
  note: limit.note,
  alarm_low: asText(limit.alarm_low),
  warn_low: asText(limit.warn_low),
  warn_high: asText(limit.warn_high),
  alarm_high: asText(limit.alarm_high),
  hysteresis: asText(limit.hysteresis),
})

/** Empty is no limit; anything else must be a number, or it is sent as it is and refused by name. */
const toNumber = (text: string): number | null => (text.trim() === '' ? null : Number(text.replace(',', '.')))

const toLimit = (draft: Draft): MetricLimit => ({
  metric: draft.metric,
  note: draft.note,
  alarm_low: toNumber(draft.alarm_low),
  warn_low: toNumber(draft.warn_low),
  warn_high: toNumber(draft.warn_high),
  alarm_high: toNumber(draft.alarm_high),
  hysteresis: toNumber(draft.hysteresis) ?? 0,
})

/** Finds the first field that is no number. */
function badField(drafts: readonly Draft[]): string | null {
  for (const draft of drafts)
    for (const [band, label] of [...BANDS, ['hysteresis', 'Hysteresis'] as const])
      if (Number.isNaN(toNumber(draft[band]) ?? 0)) return `${draft.metric}: "${label}" is not a number.`
  return null
}

export function LimitsEditor({ answer, columns, runId, onClose }: Props) {
  const { data } = answer
  const [edit, setEdit] = useState<{ readonly version: number; readonly drafts: readonly Draft[] } | null>(null)
  const [test, setTest] = useState<Backtest | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState<'saving' | 'testing' | null>(null)
  const [said, setSaid] = useState('')
  if (data === null)
    return <p className="panel-note t2">{answer.problem === null ? 'Asking for the limits.' : answer.problem.text}</p>

  const shown = edit ?? { version: data.version, drafts: data.limits.map(toDraft) }
  const isOld = edit !== null && edit.version !== data.version
  const labelOf = (metric: string): string => columns.find((column) => column.name === metric)?.label ?? metric
  const free = columns.filter(
    (column) => column.unit !== 'id' && !shown.drafts.some((draft) => draft.metric === column.name),
  )
  const change = (drafts: readonly Draft[]): void => {
    setEdit({ version: shown.version, drafts })
    setTest(null)
    setProblem(null)
    setSaid('')
  }
  const run = async (what: 'saving' | 'testing', work: () => Promise<void>): Promise<void> => {
    const bad = badField(shown.drafts)
    setProblem(bad)
    if (bad !== null) return
    setBusy(what)
    try {
      await work()
    } catch (error) {
      setProblem(words(problemOf(error)))
    } finally {
      setBusy(null)
    }
  }
  const limits = () => shown.drafts.map(toLimit)
  const tryOut = () =>
    run('testing', async () =>
      setTest(
        await askApi<Backtest>('/api/limits/backtest', { method: 'POST', body: { limits: limits(), run: runId } }),
      ),
    )
  const save = () =>
    run('saving', async () => {
      const saved = await askApi<LimitSet>('/api/limits', {
        method: 'PUT',
        body: { version: shown.version, limits: limits() },
      })
      setEdit(null)
      setSaid(`Saved as version ${saved.version}: ${saved.change}.`)
      answer.refetch()
    })
  return (
    <section className="limits" aria-label="Limits">
      <p className="t2">
        Version {data.version},{' '}
        {data.saved_at === null
          ? 'as shipped'
          : `by ${data.saved_by} at ${data.saved_at.slice(0, 19).replace('T', ' ')} UTC: ${data.change}`}
        . A value beyond a limit is inside again only when it came back by the hysteresis. Limits hold for every seed of
        every run.
      </p>
      {isOld && (
        <p className="panel-note tone-warn">
          <Icon name="warning" />
          <span>
            {data.saved_by} wrote version {data.version} while you edited ({data.change}).
          </span>
          <button type="button" onClick={() => setEdit(null)}>
            Take theirs
          </button>
        </p>
      )}
      <div className="limits-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {BANDS.map(([band, label]) => (
                <th scope="col" key={band}>
                  {label}
                </th>
              ))}
              <th scope="col">Hysteresis</th>
              <th scope="col">In the kept history</th>
              <th scope="col">
                <span className="visually-hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.drafts.map((draft, index) => (
              <tr key={draft.metric}>
                <th scope="row" title={draft.note}>
                  {labelOf(draft.metric)}
                </th>
                {([...BANDS, ['hysteresis', 'Hysteresis']] as const).map(([band, label]) => (
                  <td key={band}>
                    <input
                      inputMode="decimal"
                      value={draft[band]}
                      aria-label={`${labelOf(draft.metric)}, ${label}`}
                      onChange={(event) =>
                        change(
                          shown.drafts.map((one, at) => (at === index ? { ...one, [band]: event.target.value } : one)),
                        )
                      }
                    />
                  </td>
                ))}
                <td>
                  <Found test={test} metric={draft.metric} column={columns.find((one) => one.name === draft.metric)} />
                </td>
                <td>
                  <button
                    type="button"
                    className="link"
                    aria-label={`Remove the limit of ${labelOf(draft.metric)}`}
                    onClick={() => change(shown.drafts.filter((one) => one.metric !== draft.metric))}
                  >
                    remove
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="limits-actions">
        <select
          aria-label="Add a limit for"
          value=""
          onChange={(event) =>
            change([
              ...shown.drafts,
              {
                metric: event.target.value,
                note: '',
                alarm_low: '',
                warn_low: '',
                warn_high: '',
                alarm_high: '',
                hysteresis: '0',
              },
            ])
          }
        >
          <option value="">Add a limit for…</option>
          {free.map((column) => (
            <option key={column.name} value={column.name}>
              {column.label}
            </option>
          ))}
        </select>
        <span className="grow" />
        <Writer />
        <button type="button" disabled={busy !== null || shown.drafts.length === 0} onClick={() => void tryOut()}>
          {busy === 'testing' ? 'Trying…' : 'Try on history'}
        </button>
        <button type="button" disabled={busy !== null || edit === null} onClick={() => void save()}>
          {busy === 'saving' ? 'Saving…' : 'Save'}
        </button>
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </p>
      <output className="limits-said">
        {problem !== null && (
          <span className="tone-warn">
            <Icon name="warning" size={13} /> {problem}
          </span>
        )}
        {problem === null && said}
        {problem === null && test !== null && <Covered test={test} />}
      </output>
    </section>
  )
}

/** Who the server will write down: whoever is signed in. */
function Writer() {
  const { data, problem } = useSession()
  if (data === null)
    return (
      <span className="t2">{problem === null ? '' : `Under which name it is saved is not known: ${problem.text}`}</span>
    )
  return (
    <span className="t2">
      {data.signed_in
        ? `Saved under your name, ${data.subject.name}`
        : 'You are not signed in: saving will be refused.'}
    </span>
  )
}

const words = (problem: ApiProblem | null): string =>
  problem === null ? 'This failed.' : `${problem.text} (${problem.code})`

function Covered({ test }: { readonly test: Backtest }) {
  if (test.from_ms === null || test.to_ms === null)
    return <span>No history per seed is kept of this run: nothing to try on.</span>
  return (
    <span className="t2">
      Tried on {formatUtc(test.from_ms)} to {formatUtc(test.to_ms)} UTC ({formatAge(test.to_ms - test.from_ms)}),{' '}
      {formatCount(test.judged)} of {formatCount(test.of)} values judged. Nothing was saved.
    </span>
  )
}

function Found({
  test,
  metric,
  column,
}: {
  readonly test: Backtest | null
  readonly metric: string
  readonly column: MetricColumn | undefined
}) {
  const result = test?.results.find((one) => one.metric === metric)
  if (result === undefined) return <span className="t3">not tried</span>
  if (result.seeds === 0) return <span className="t3">never measured</span>
  if (result.seeds_outside === 0) return <span>never outside, of {formatCount(result.seeds)} seeds</span>
  const worst = result.worst
  return (
    <span>
      {formatCount(result.seeds_outside)} of {formatCount(result.seeds)} seeds, {result.minutes_outside.toFixed(1)} of{' '}
      {result.minutes.toFixed(0)} seed minutes
      {result.minutes_alarm > 0 ? ` (${result.minutes_alarm.toFixed(1)} alarm)` : ''}; raised{' '}
      {formatCount(result.raised)} times{result.flaps > 0 ? `, ${formatCount(result.flaps)} flaps` : ''}
      {result.first_ms === null || result.last_ms === null
        ? ''
        : `; ${formatUtc(result.first_ms)} to ${formatUtc(result.last_ms)}`}
      {worst === null || column === undefined
        ? ''
        : `; worst ${formatMetric(worst.value, column)} at ${worst.layer_id}/${worst.seed_id}`}
    </span>
  )
}
