/*
 * siblings: what runs beside this process, as the runner tells it: their states, their causes, and the records they could not write themselves.
 * In: messages of the runner over the channel it opened. Out: the trainer's state, causes for the page, record drafts; and the other end:
 *   what this process tells.
 * Invariant: a process that is down is a cause from the moment the runner knows it until it says that it runs; without a runner there are no
 * siblings and nothing is told.
 * Source: docs/architecture.md "processes and threads".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordDraft } from '../ingest/ingestMessages.ts'
import type { LatencySum } from './latencyRelay.ts'
import type { Threads } from './threads.ts'

export type TrainerState = ReturnType<Threads['trainerState']>
type Causes = ReturnType<Threads['causes']>

/** What a process tells the one that shows. */
export type SiblingWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'status'; readonly trainer: TrainerState; readonly causes: Causes }
  | { readonly kind: 'record'; readonly record: RecordDraft }
  | { readonly kind: 'latency'; readonly sums: readonly LatencySum[] }

export type FromRunner =
  | {
      readonly kind: 'process'
      readonly name: string
      readonly state: 'running' | 'restarting' | 'failed'
      readonly cause: string | null
    }
  | { readonly kind: 'told'; readonly name: string; readonly said: SiblingWord }

/** The channel to the runner; a process of its own has none. */
export interface RunnerChannel {
  send?: ((message: unknown) => unknown) | undefined
  on(event: 'message', listener: (message: unknown) => void): unknown
}

export interface Siblings {
  /** State of the trainer in its own process; null when there is none beside us. */
  trainerState(): TrainerState | null
  causes(): Causes
}

export interface SiblingsOptions {
  readonly names: readonly string[]
  readonly clock: Clock
  readonly channel: RunnerChannel
  readonly onRecord: (record: RecordDraft) => void
  readonly onLatency?: (sums: readonly LatencySum[]) => void
}

/** Listens from now on. */
export function createSiblings({
  names,
  clock,
  channel,
  onRecord,
  onLatency = () => undefined,
}: SiblingsOptions): Siblings {
  const down = new Map<string, { readonly state: 'restarting' | 'failed'; readonly cause: string }>()
  let status: Extract<SiblingWord, { kind: 'status' }> | null = null

  const onProcess = ({ name, state, cause }: Extract<FromRunner, { kind: 'process' }>): void => {
    if (state === 'running') return void down.delete(name)
    const text = (cause ?? 'no reason given').slice(0, 300)
    down.set(name, { state, cause: text })
    if (name === 'trainer') status = null
    onRecord({
      kind: 'incident',
      at_ms: clock.wallMs(),
      run_id: null,
      code: 'PART_RESTART',
      severity: 'warning',
      text: `The ${name} process ended (${text}) and is started again.`,
      lost: null,
      from_ms: null,
      to_ms: null,
    })
  }

  if (names.length > 0)
    channel.on('message', (value) => {
      const message = value as FromRunner
      if (message.kind === 'process') return onProcess(message)
      if (message.kind !== 'told') return
      if (message.said.kind === 'status') status = message.said
      if (message.said.kind === 'record') onRecord(message.said.record)
      if (message.said.kind === 'latency') onLatency(message.said.sums)
    })

  return {
    trainerState() {
      if (!names.includes('trainer')) return null
      return down.get('trainer')?.state ?? status?.trainer ?? 'running'
    },
    causes: () => [
      ...[...down].map(([name, { cause }]) => ({ code: 'PART_DOWN', text: `the ${name} process: ${cause}` })),
      ...(status?.causes ?? []),
    ],
  }
}

/** Tells the runner, if there is one. */
export function tellRunner(channel: RunnerChannel, word: SiblingWord): void {
  channel.send?.(word)
}
