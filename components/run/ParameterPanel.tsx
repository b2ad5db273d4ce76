/*
 * Parameter panel: how the network grew and shrank, step by step.
 * In: the answer about a run. Out: a step line from the host's own size, the largest changes in words.
 * Invariant: a line of steps, never of slopes: between two evaluations the size is not known to change evenly.
 * Source: docs/training.md "blueprints"; docs/ux.md "pages: run".
 */
import type { RunDetail } from '../../lib/contracts/httpRuns.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import type { ApiAnswer } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { answerState } from './answerState.ts'
import { stepPath } from './stepPath.ts'

const BOX = { width: 480, height: 116 }

export function ParameterPanel({ answer }: { readonly answer: ApiAnswer<RunDetail> }) {
  const { data } = answer
  const steps = data?.parameter_steps ?? []
  const last = steps.at(-1)
  const first = steps[0]
  const end = Math.max(last?.step ?? 0, data?.curve.at(-1)?.step ?? 0)
  const values = steps.map((step) => step.parameters)
  const high = Math.max(0, ...values)
  const changes = steps
    .slice(1)
    .toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta))
    .slice(0, 3)
  const signed = (delta: number): string => `${delta < 0 ? '−' : '+'}${formatCount(Math.abs(delta))}`
  return (
    <Panel
      title="Parameters"
      className="run-parameters"
      hint={
        first === undefined || last === undefined
          ? ''
          : `${formatCount(first.parameters)} at step ${formatCount(first.step)}, ${formatCount(last.parameters)} at step ${formatCount(last.step)}, in ${formatCount(steps.length - 1)} changes`
      }
      {...answerState(answer, steps.length === 0, 'No evaluation of this run has told the size of its network.')}
    >
      {first !== undefined && last !== undefined && (
        <div className="step-chart">
          <svg viewBox={`0 0 ${BOX.width} ${BOX.height}`} preserveAspectRatio="none" aria-hidden="true">
            <line x1={0} x2={BOX.width} y1={BOX.height - 1} y2={BOX.height - 1} vectorEffect="non-scaling-stroke" />
            <path
              d={stepPath(
                steps.map((step) => [step.step, step.parameters]),
                { ...BOX, from: first.step, to: end, low: 0, high },
              )}
              vectorEffect="non-scaling-stroke"
            />
          </svg>
          <p className="t3 num step-axis">
            <span>step {formatCount(first.step)}, from 0</span>
            <span>most: {formatCount(high)}</span>
            <span>step {formatCount(end)}</span>
          </p>
          {changes.length > 0 && (
            <p className="t2">
              Largest changes:{' '}
              {changes.map((step) => `${signed(step.delta)} at step ${formatCount(step.step)}`).join(', ')}.
            </p>
          )}
        </div>
      )}
    </Panel>
  )
}
