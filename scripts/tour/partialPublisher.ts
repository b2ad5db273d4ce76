/*
 * partialPublisher: a program of somebody else's, half of which goes silent: for pages that must tell a whole from a part.
 * In: a Redis. Out: dictionary reports of three layers; two of its eight seeds never report, one value is no number, and after
 *   `fallSilent` two layers say nothing more.
 * Invariant: plain publisher entries, nothing of ours in between; the readings are a fixed wave, labelled as made up by their source.
 * Source: docs/protocol.md "the dictionary form".
 */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'

const LAYERS = ['encoder_0', 'encoder_1', 'encoder_2']
const SEEDS = 8
const NEVER_REPORTS = new Set([6, 7])
const EVERY_MS = 500
const RUN = 'tour-partial'

export interface PartialPublisher {
  /** Two of its three layers report no more. */
  fallSilent(): void
  stop(): Promise<void>
}

/** Starts to publish twice a second. */
export function startPartialPublisher(redisUrl: string): PartialPublisher {
  const client = new Redis(redisUrl.startsWith('unix://') ? redisUrl.slice('unix://'.length) : redisUrl)
  let silent = false
  let tick = 0
  const report = (layer: string, index: number): Promise<unknown> => {
    const metrics: Record<string, Record<string, number>> = {}
    for (let seed = 0; seed < SEEDS; seed++) {
      if (NEVER_REPORTS.has(seed)) continue
      const wave = Math.sin(tick / 9 + seed + index)
      metrics[String(seed)] = {
        lifecycle_state: seed % 4,
        health_score: 0.6 + wave / 4,
        chunk_variance: 1 + wave / 2,
        dead_node_ratio: Math.max(0, -wave / 4),
      }
    }
    const message = {
      message_id: randomUUID(),
      timestamp: Date.now() / 1_000,
      source: RUN,
      version: '2.0',
      message_type: 'LayerHealthReport',
      run_id: RUN,
      layer_id: layer,
      step: tick * 20,
      tick,
      total_seeds: SEEDS,
      active_seeds: SEEDS - NEVER_REPORTS.size,
      health_metrics: metrics,
      telemetry_window: [Date.now() / 1_000 - EVERY_MS / 1_000, Date.now() / 1_000],
    }
    // One reading is no number, as json.dumps of a diverging network writes it.
    const data = JSON.stringify(message).replace('"dead_node_ratio":0,', '"dead_node_ratio":NaN,')
    return client.xadd(
      `kasmina.telemetry.layer.${layer}.health`,
      'MAXLEN',
      '~',
      1_000,
      '*',
      'type',
      message.message_type,
      'data',
      data,
    )
  }
  const timer = setInterval(() => {
    tick++
    LAYERS.forEach((layer, index) => {
      if (silent && index > 0) return
      report(layer, index).catch((error: unknown) => process.stderr.write(`partial publisher: ${String(error)}\n`))
    })
  }, EVERY_MS)
  return {
    fallSilent() {
      silent = true
    },
    async stop() {
      clearInterval(timer)
      await client.quit().catch(() => client.disconnect())
    },
  }
}
