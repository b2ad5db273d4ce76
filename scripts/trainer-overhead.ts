/*
 * trainer-overhead: does telemetry slow the trainer down? Steps per second with telemetry on and off, judged against 1 %.
 * In: --rounds, --steps, --seed. Out: each round, median and spread, a verdict; exit code 1 only for a clear failure.
 * Invariant: on and off are interleaved and swap order each round; when the spread hides the bar, no verdict is given.
 * Source: docs/architecture.md "the two flows"; seed-design.md 5.2.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import { createLayerAgent } from '../lib/agents/layerAgent.ts'
import { connectTrainer } from '../lib/agents/trainerLink.ts'
import { createMemoryBus } from '../lib/bus/drivers/memory/memoryBus.ts'
import { systemClock as clock } from '../lib/primitives/clock.ts'
import type { TrainerWorkerData, TrainerWorkerNote } from '../server/workers/trainerWorker.ts'

const BAR_PERCENT = 1
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    steps: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
  },
})
const rounds = Math.max(3, Number(values.rounds))
const steps = Math.max(200, Number(values.steps))
const digitsPath = fileURLToPath(new URL('../assets/digits/digits-14x14.bin.br', import.meta.url))
const print = (line: string): void => void process.stdout.write(`${line}\n`)

interface Measured {
  readonly stepsPerS: number
  readonly stepsPerCpuS: number
  readonly dropped: number
  readonly published: number
}

/** One run of the real training thread at full speed, with the agent publishing or with no telemetry at all. */
async function measure(telemetry: boolean): Promise<Measured> {
  const bus = createMemoryBus({ clock, defaultMaxLen: 1_000 })
  await bus.start()
  const { port1, port2 } = new MessageChannel()
  const workerData: TrainerWorkerData = {
    port: port1,
    digitsPath,
    controlCurvePath: null,
    options: { seed: Number(values.seed) },
    stepsPerS: null,
    maxSteps: steps,
    runsFolder: null,
    telemetry,
    controlled: false,
  }
  const worker = new Worker(new URL('../server/workers/trainerWorker.ts', import.meta.url), {
    workerData,
    transferList: [port1],
  })
  const stopped = new Promise<Extract<TrainerWorkerNote, { kind: 'stopped' }>>((resolve, reject) => {
    worker.on('message', (note: TrainerWorkerNote) => note.kind === 'stopped' && resolve(note))
    worker.once('error', reject)
  })
  const { link, ring, run } = await connectTrainer(port2)
  const agent = telemetry ? createLayerAgent({ bus, clock, ring, trainer: link, run }) : null
  await agent?.start()
  const { elapsedMs, cpuMs, step, ringDropped } = await stopped
  await clock.sleep(30)
  const published = agent?.counters().publisher.published ?? 0
  await agent?.stop(1_000)
  await worker.terminate()
  port2.close()
  await bus.stop()
  return {
    stepsPerS: (step * 1_000) / elapsedMs,
    stepsPerCpuS: (step * 1_000) / cpuMs,
    dropped: ringDropped,
    published,
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Half width of the range in which the median lies with about 95 % (median absolute deviation, normal approximation). */
function uncertainty(numbers: readonly number[]): number {
  const centre = median(numbers)
  const deviation = 1.4826 * median(numbers.map((each) => Math.abs(each - centre)))
  return (1.96 * 1.2533 * deviation) / Math.sqrt(numbers.length)
}

/** Prints median, spread and verdict of one measure; true when telemetry clearly costs more than the bar. */
function judge(name: string, pairs: readonly (readonly [on: number, off: number])[]): boolean {
  const overheads = pairs.map(([on, off]) => (off / on - 1) * 100)
  const centre = median(overheads)
  const margin = uncertainty(overheads)
  const range = `${Math.min(...overheads).toFixed(2)} .. ${Math.max(...overheads).toFixed(2)} %`
  const [on, off] = [median(pairs.map((pair) => pair[0])), median(pairs.map((pair) => pair[1]))]
  print(`${name}: median on ${on.toFixed(0)}, off ${off.toFixed(0)} steps/s`)
  print(`  overhead: median ${centre.toFixed(2)} % +- ${margin.toFixed(2)} (spread ${range})`)
  if (margin > BAR_PERCENT) {
    print(
      `  verdict: none, +- ${margin.toFixed(2)} % can not resolve a bar of ${BAR_PERCENT} %; use a quieter machine or more rounds`,
    )
    return false
  }
  if (centre - margin > BAR_PERCENT) {
    print(`  verdict: FAIL, telemetry costs more than ${BAR_PERCENT} %`)
    return true
  }
  const passes = centre + margin < BAR_PERCENT
  print(passes ? `  verdict: PASS, less than ${BAR_PERCENT} %` : '  verdict: none, the bar lies inside the uncertainty')
  return false
}

async function main(): Promise<number> {
  print(`trainer overhead: ${rounds} rounds of ${steps} steps each way, seed ${values.seed}`)
  await measure(true)
  const wall: [number, number][] = []
  const cpu: [number, number][] = []
  for (let round = 1; round <= rounds; round++) {
    // Order swaps, so that a machine that slows down or warms up favours neither side.
    const onFirst = round % 2 === 1
    const first = await measure(onFirst)
    const second = await measure(!onFirst)
    const [on, off] = onFirst ? [first, second] : [second, first]
    wall.push([on.stepsPerS, off.stepsPerS])
    cpu.push([on.stepsPerCpuS, off.stepsPerCpuS])
    const speeds = `wall ${on.stepsPerS.toFixed(0)} on, ${off.stepsPerS.toFixed(0)} off; cpu ${on.stepsPerCpuS.toFixed(0)} on, ${off.stepsPerCpuS.toFixed(0)} off`
    print(`  round ${round}: ${speeds} (published ${on.published} ticks, ring dropped ${on.dropped})`)
  }
  const slowByWall = judge('per second of wall time', wall)
  const slowByCpu = judge("per second of the training thread's processor time", cpu)
  return slowByWall || slowByCpu ? 1 : 0
}

process.exitCode = await main()
