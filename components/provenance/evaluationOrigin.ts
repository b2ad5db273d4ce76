/* evaluationOrigin: the accuracy of one validation of the host, as a value whose origin can be asked for. */
import { formatPercent } from '../../lib/live/formatValue.ts'
import type { EvaluationRecord } from '../../lib/live/recordLog.ts'
import type { ValueRef } from './valueRef.ts'

export function evaluationOrigin(record: EvaluationRecord): ValueRef {
  return {
    kind: 'entry',
    label: 'Validation accuracy',
    value: formatPercent(record.val_accuracy),
    entry: record.entry ?? null,
    atMs: record.at_ms,
    runId: record.run_id,
    step: record.step,
    quality: 'raw, one validation of the host as its event tells it',
  }
}
