import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { quantizeColumn } from '../../lib/frames/quantize.ts'

const oneValue = new Float32Array(1)
const oneByte = new Uint8Array(1)

/** Places a value in its column's display range, 0..1, on the column's scale. */
export function positionOf(value: number, column: MetricColumn): number {
  oneValue[0] = value
  quantizeColumn(oneValue, column, oneByte)
  return (oneByte[0] ?? 0) / 254
}
