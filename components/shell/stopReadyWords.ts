/*
 * stopReadyWords: stop readiness in a few words.
 * In: the status, or null when there is none. Out: text, its explanation, whether it is trouble.
 * Invariant: nothing known reads "unknown"; a round trip is given with its unit; layers that can not be stopped from here are named, and
 * are trouble when there are no others: then the button stops nothing.
 * Source: docs/emergency-stop.md "stop ready".
 */
import type { LiveStatus } from '../../lib/contracts/liveRecords.ts'

export interface StopReadyWords {
  readonly text: string
  readonly title: string
  readonly isTrouble: boolean
}

const milliseconds = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`)

/** Says what a stop would do now. */
export function stopReadyWords(status: LiveStatus | null): StopReadyWords {
  const known = status?.stop_ready ?? null
  if (known === null)
    return { text: 'unknown', title: 'Whether a stop would reach the layers is not known.', isTrouble: status !== null }
  const { ready, of, worst_ms, elsewhere } = known
  const others = elsewhere ? `${elsewhere.layers} not from here` : ''
  if (of === 0)
    return {
      text: others || 'no layers',
      title: `No layer announced itself to this gateway. ${elsewhere?.text ?? ''}`.trim(),
      isTrouble: elsewhere !== null,
    }
  const speed = worst_ms === null ? '' : `, ${milliseconds(worst_ms)}`
  const took = worst_ms === null ? 'an unknown time' : milliseconds(worst_ms)
  const probed = `A probe came back from ${ready} of ${of} layers; the slowest took ${took}. Probed every 10 s on the bus and on a direct line.`
  return {
    text: `${ready}/${of}${speed}${others && ` · ${others}`}`,
    title: `${probed} ${elsewhere?.text ?? ''}`.trim(),
    isTrouble: ready < of,
  }
}
