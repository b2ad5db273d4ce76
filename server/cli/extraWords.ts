/*
 * extraWords: words of a command line that no command would look at.
 * In: the command, its words, what --layer and --reason say. Out: a sentence for whoever typed it, or null.
 * Invariant: a word is never let go by: `stop layer_0` must not stop every layer; `stop` and `stop all` are never refused.
 * Source: docs/cli.md "the stop".
 */
import { LayerId } from '../../lib/contracts/ids.ts'

/** How many words each command reads. */
const READS: Readonly<Record<string, number>> = {
  status: 0,
  layers: 0,
  stop: 0,
  resume: 0,
  command: 1,
  alerts: 1,
  ack: Number.POSITIVE_INFINITY,
  topics: 2,
}

interface Given {
  readonly words: readonly string[]
  readonly layers: readonly string[]
  readonly reason: string
}

function meantBy(name: string, extra: readonly string[], reason: string): string {
  const areLayers = extra.every((word) => LayerId.safeParse(word).success)
  const asLayers = extra.map((word) => `--layer ${word}`).join(' ')
  // A reason without quotes falls apart into words.
  const asReason = `--reason ${JSON.stringify([reason, ...extra].join(' ').trim())}`
  if (name === 'stop') {
    const meant = [...(areLayers ? [asLayers] : []), ...(areLayers && reason === '' ? [] : [asReason])]
    return `perhaps ${meant.join(' or ')}; stop without any word stops every layer`
  }
  if (name === 'alerts' && areLayers) return `perhaps ${asLayers}`
  if (name === 'resume') return `perhaps --stop ${extra[0]} or ${asReason}`
  return READS[name] === 0 ? `${name} takes options alone` : `${name} takes ${READS[name]} at most`
}

/** Says what is too much, and what was probably meant; null when every word is read. */
export function tellExtraWords(name: string, { words, layers, reason }: Given): string | null {
  const reads = Object.hasOwn(READS, name) ? READS[name]! : Number.POSITIVE_INFINITY
  // It says in words what the bare command does.
  if (name === 'stop' && layers.length === 0 && words.length === 1 && words[0] === 'all') return null
  if (words.length <= reads) return null
  const extra = words.slice(reads)
  const named = extra.map((word) => JSON.stringify(word)).join(', ')
  return `${name}: ${named} is not understood here; ${meantBy(name, extra, reason)}`
}
