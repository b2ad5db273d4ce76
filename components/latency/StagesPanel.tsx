/*
 * StagesPanel: every stage of the way of a message with its figures; choosing one shows its distribution.
 * In: the report. Out: a table; what a stage means and on which clocks it is measured, for the chosen one.
 * Invariant: a stage that is not measured says why; skew and a high floor are said beside the figures they spoil.
 * Source: docs/ux.md "pages: latency"; features C1, C4.
 */
'use client'
import type { LatencyReport, LatencyStageReport } from '../../lib/contracts/httpLatency.ts'
import { STAGE_WORDS, type LatencyStage } from '../../lib/contracts/latencyStages.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { latencyText, NOT_MEASURED } from './latencyWords.ts'

/** Two clocks whose least difference is larger are more likely apart than waiting. */
const SUSPECT_FLOOR_MS = 1_000

interface Props {
  readonly report: LatencyReport
  readonly chosen: LatencyStage
  readonly onStage: (stage: LatencyStage) => void
}

export function StagesPanel({ report, chosen, onStage }: Props) {
  return (
    <Panel
      className="latency-stages"
      title="Stages"
      hint="n is messages: one report of one layer, one event or one outcome"
    >
      <ScrollRegion label="Table of stages" className="latency-scroll">
        <table>
          <caption className="visually-hidden">Latency per stage; choose one to see its distribution</caption>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" className="latency-ends">
                From, to
              </th>
              {['n', 'p50', 'p95', 'p99', 'max'].map((name) => (
                <th key={name} scope="col" className="num">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.stages.map((stage) => (
              <Row key={stage.stage} stage={stage} isChosen={stage.stage === chosen} onStage={onStage} />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <Notes stage={report.stages.find((one) => one.stage === chosen)!} replayed={report.replayed} />
    </Panel>
  )
}

function Row({
  stage,
  isChosen,
  onStage,
}: {
  readonly stage: LatencyStageReport
  readonly isChosen: boolean
  readonly onStage: (stage: LatencyStage) => void
}) {
  const words = STAGE_WORDS[stage.stage]
  return (
    <tr className={isChosen ? 'is-chosen' : ''}>
      <th scope="row">
        <button type="button" className="link" aria-pressed={isChosen} onClick={() => onStage(stage.stage)}>
          {words.label}
        </button>
      </th>
      <td className="t2 latency-ends">
        {words.from}, {words.to}
      </td>
      <td className="num">{formatCount(stage.n)}</td>
      {stage.n === 0 ? (
        <td className="t3 latency-none" colSpan={4}>
          {NOT_MEASURED}
        </td>
      ) : (
        [stage.p50_ms, stage.p95_ms, stage.p99_ms, stage.max_ms].map((ms, at) => (
          // The figures are four and stay in their order.
          // oxlint-disable-next-line react/no-array-index-key
          <td key={at} className="num">
            {latencyText(ms)}
          </td>
        ))
      )}
    </tr>
  )
}

function Notes({ stage, replayed }: { readonly stage: LatencyStageReport; readonly replayed: number }) {
  const words = STAGE_WORDS[stage.stage]
  const floor = words.crosses && stage.floor_ms !== null && stage.floor_ms >= SUSPECT_FLOOR_MS ? stage.floor_ms : null
  return (
    <div className="latency-notes t2">
      <p>
        <b>{words.label}</b>: {words.from} to {words.to}. Measured on {words.clocks}
        {words.resolutionMs > 0 ? `, to within ${latencyText(words.resolutionMs)}` : ''}.
        {words.note !== '' && ` ${words.note}`}
        {stage.n === 0 && ` Not measured now: ${words.absent}.`}
      </p>
      {stage.skewed > 0 && (
        <p className="tone-warn">
          <Icon name="warning" size={12} /> {formatCount(stage.skewed)} readings were below zero, by{' '}
          {latencyText(Math.abs(stage.skew_ms ?? 0))} at most since the start: the two clocks differ. They are in no
          figure, and the others may be off by as much.
        </p>
      )}
      {floor !== null && (
        <p className="tone-warn">
          <Icon name="warning" size={12} /> Even the fastest took {latencyText(floor)}: one clock is probably behind the
          other. A wait and an offset can not be told apart here.
        </p>
      )}
      {replayed > 0 && (
        <p className="t3">
          {formatCount(replayed)} messages were older than their reader. They were replayed and are not measured.
        </p>
      )}
    </div>
  )
}
