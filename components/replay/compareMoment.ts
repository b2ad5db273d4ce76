/*
 * Compare moment: whether the picture this page draws is the one that was recorded: its checksum made here, from the drawn values.
 * In: the server's state of a moment, the mirrors of the page. Out: agreement, or which layers differ and how.
 * Invariant: the checksum is made from what is drawn, never repeated from the server's answer; what can not be compared is said.
 * Source: docs/history.md "checksum"; docs/ux.md "time travel".
 */
import type { ReplayState } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { stateByte, type LayerMirror } from '../../lib/frames/layerMirror.ts'
import { quantizeColumn } from '../../lib/frames/quantize.ts'
import type { MomentCheck } from '../../lib/live/replaySource.ts'

const HEX_DIGITS = 16
const MOST_NAMED = 4

type LayerState = ReplayState['layers'][number]
type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, HEX_DIGITS)

/** Makes the checksum of one layer from the values a page draws, as the recorder made it; null where the picture lacks columns. */
export async function mirrorChecksum(
  mirror: LayerMirror,
  said: Pick<LayerState, 'step' | 'tick'>,
  columns: readonly MetricColumn[],
  digest: Digest,
): Promise<string | null> {
  if (mirror.precision !== 'exact' || mirror.columns.length !== columns.length) return null
  const { rows } = mirror
  // What the publisher does not say is NaN in the record, and 0 in a frame.
  const head = new Float64Array([
    rows,
    columns.length,
    said.step === null ? Number.NaN : mirror.step,
    said.tick === null ? Number.NaN : mirror.tick,
    mirror.sourceFlags,
  ])
  const bytes = new Uint8Array(head.byteLength + rows * columns.length)
  bytes.set(new Uint8Array(head.buffer))
  columns.forEach((column, at) => {
    const values = mirror.columns[at]!
    const plane = bytes.subarray(head.byteLength + at * rows, head.byteLength + (at + 1) * rows)
    if (column.name === 'state') for (let row = 0; row < rows; row++) plane[row] = stateByte(values[row]!)
    else quantizeColumn(values, column, plane)
  })
  return hex(await digest(bytes))
}

const sameStates = (mirror: LayerMirror, said: LayerState): boolean =>
  Object.entries(said.states).every(([state, count]) => mirror.stateCounts[SEED_STATE_ID[state as SeedState]] === count)

/** Compares every layer. `digest` is null where the browser has none (a page that is not served securely). */
export async function compareMoment(
  state: ReplayState,
  mirrors: readonly LayerMirror[],
  columns: readonly MetricColumn[],
  digest: Digest | null,
): Promise<MomentCheck> {
  const server = state.layers.filter((layer) => layer.agrees === false)
  if (server.length > 0)
    return {
      kind: 'differs',
      checksum: state.checksum ?? '',
      text: server
        .slice(0, MOST_NAMED)
        .map(
          (layer) =>
            `${layer.layer_id}: rebuilt ${layer.checksum ?? '?'}, recorded ${layer.recorded_checksum ?? '?'}${layer.problem === null ? '' : ` (${layer.problem})`}`,
        )
        .join('; '),
    }
  if (state.checksum === null)
    return { kind: 'unknown', text: 'Nothing had been recorded by this moment, so there is nothing to compare.' }
  const wrong: string[] = []
  let made = 0
  for (const [index, layer] of state.layers.entries()) {
    const mirror = mirrors[index]
    if (layer.checksum === null) continue
    if (!mirror || mirror.frame === 0) wrong.push(`${layer.layer_id}: nothing is drawn here`)
    else if (layer.tick !== null && mirror.tick !== layer.tick)
      wrong.push(`${layer.layer_id}: tick ${mirror.tick} is drawn, ${layer.tick} is meant`)
    else if (!sameStates(mirror, layer)) wrong.push(`${layer.layer_id}: other states are drawn`)
    else if (digest !== null) {
      const own = await mirrorChecksum(mirror, layer, columns, digest)
      if (own !== null && own !== layer.checksum)
        wrong.push(`${layer.layer_id}: drawn ${own}, rebuilt ${layer.checksum}`)
      if (own !== null) made++
    }
  }
  if (wrong.length > 0) {
    const more = wrong.length > MOST_NAMED ? `; and ${wrong.length - MOST_NAMED} more layers` : ''
    return { kind: 'differs', checksum: state.checksum, text: `${wrong.slice(0, MOST_NAMED).join('; ')}${more}` }
  }
  return {
    kind: 'agrees',
    checksum: state.checksum,
    recorded: state.agrees === true,
    own: made > 0,
  }
}
