/*
 * sendStop: the emergency stop from a terminal.
 * In: scope, reason. Out: who confirmed; the exit code says whether everybody did.
 * Invariant: the web server has 300 ms; whatever it says or does not say, the gateway is asked then, so the stop does not depend on it.
 * Source: docs/emergency-stop.md "from the command line".
 */
import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import type { GatewayStopState } from '../../lib/contracts/gatewayControl.ts'
import { StopMatrix, StopTaken } from '../../lib/contracts/httpStops.ts'
import { createGatewayClient, type GatewayClient } from '../gateway/gatewayClient.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'
import { createWebApi, type WebApi } from './webApi.ts'

const WEB_MS = 300
const POLL_MS = 100

interface Confirmed {
  readonly id: string
  readonly via: 'web' | 'gateway'
  readonly layers: readonly { readonly layer_id: string; readonly state: string; readonly ms: number | null }[]
  readonly applied: number
  readonly missing: number
  readonly warnings: readonly string[]
}
type Look = () => Promise<Confirmed>

const fromGateway = (stop: GatewayStopState): Confirmed => ({
  id: stop.id,
  via: 'gateway',
  layers: stop.layers.map(({ layer_id, state, took_ms }) => ({ layer_id, state, ms: took_ms })),
  applied: stop.applied,
  missing: stop.missing,
  warnings: stop.warnings,
})

async function throughWeb(web: WebApi, args: CliArguments, key: string): Promise<Look> {
  const scope = args.layers.length === 0 ? 'all' : args.layers
  const body = { scope, reason: args.reason, key }
  const taken = StopTaken.parse(await web.call('POST', '/api/emergency-stop', { body, deadlineMs: WEB_MS }))
  return async () => {
    const matrix = StopMatrix.parse(await web.call('GET', `/api/emergency-stop/${taken.id}`, { deadlineMs: WEB_MS }))
    const { id, layers, applied, missing, warnings } = matrix
    const rows = layers.map(({ layer_id, state, ms }) => ({ layer_id, state, ms }))
    return { id, via: 'web', layers: rows, applied, missing, warnings }
  }
}

async function throughGateway(gateway: GatewayClient, args: CliArguments, id: string): Promise<Look> {
  const scope = args.layers.length === 0 ? ('all' as const) : [...args.layers]
  await gateway.stop({ id, scope, issued_by: `cli:${userInfo().username}`.slice(0, 128), reason: args.reason })
  return async () => fromGateway(await gateway.stopState(id))
}

function report(found: Confirmed, args: CliArguments, io: CliIo): number {
  const code = found.missing === 0 ? EXIT.done : EXIT.unconfirmed
  if (args.json) {
    io.out(JSON.stringify(found))
    return code
  }
  for (const { layer_id, state, ms } of found.layers)
    io.out(`  ${layer_id.padEnd(24)} ${state}${ms === null ? '' : `, ${ms.toFixed(1)} ms`}`)
  for (const warning of found.warnings) io.err(`warning: ${warning}`)
  if (found.layers.length === 0)
    io.out('The stop is in force. No layer is known to the gateway now; each is told in the moment it appears.')
  else if (found.missing === 0) io.out(`All ${found.applied} layers stand still (stop ${found.id}, by ${found.via}).`)
  else
    io.err(
      `${found.missing} of ${found.layers.length} layers did not confirm within ${args.waitMs / 1_000} s; the gateway goes on telling them (stop ${found.id}).`,
    )
  return code
}

/** `morphoscope stop`. */
export async function sendStop(args: CliArguments, io: CliIo): Promise<number> {
  const target = args.layers.length === 0 ? 'all layers' : args.layers.join(', ')
  if (args.dryRun) {
    const plan = { would: 'stop', scope: args.layers.length === 0 ? 'all' : args.layers, reason: args.reason }
    io.out(
      args.json
        ? JSON.stringify(plan)
        : `Would stop ${target}: first ${args.url}, then the gateway of ${io.dataDir}. Nothing was sent.`,
    )
    return EXIT.done
  }
  const id = randomUUID()
  const gateway = createGatewayClient({ dataDir: io.dataDir, clock: io.clock })
  let look: Look | null = null
  const failures: string[] = []
  if (!args.direct) {
    try {
      look = await throughWeb(createWebApi(args.url, io.config.serviceToken), args, id)
    } catch (error) {
      failures.push(`web server: ${(error as Error).message}`)
    }
  }
  const again = async (): Promise<Look | null> => {
    try {
      return await throughGateway(gateway, args, id)
    } catch (error) {
      failures.push(`gateway: ${(error as Error).message}`)
      return null
    }
  }
  look ??= await again()
  if (look === null) {
    for (const failure of failures) io.err(failure)
    io.err(
      `The stop of ${target} could not be sent. Is this the right DATA_DIR (${io.dataDir})? Otherwise end the training processes by hand.`,
    )
    return EXIT.unreachable
  }
  if (!args.json) for (const failure of failures) io.err(`${failure}; sent straight to the gateway`)
  const endMs = io.clock.monotonicMs() + args.waitMs
  let last: Confirmed | null = null
  for (;;) {
    try {
      last = await look()
      if (last.missing === 0) break
    } catch (error) {
      // Whoever took it is gone now: it is sent again on the other way, under the same id.
      failures.push((error as Error).message)
      look = (await again()) ?? look
    }
    if (io.clock.monotonicMs() >= endMs) break
    await io.clock.sleep(POLL_MS)
  }
  if (last !== null) return report(last, args, io)
  for (const failure of failures) io.err(failure)
  io.err('The stop was sent, but nobody answers about what became of it.')
  return EXIT.unconfirmed
}
