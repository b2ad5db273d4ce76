/*
 * showStatus: how things stand, from a terminal.
 * In: web server and gateway, either of which may be away. Out: lines or JSON.
 * Invariant: each is asked for itself; what does not answer is said, and the rest is shown.
 * Source: docs/cli.md.
 */
import type { GatewayReadiness, GatewayStatus } from '../../lib/contracts/gatewayControl.ts'
import { HealthReady } from '../../lib/contracts/httpApi.ts'
import { createGatewayClient } from '../gateway/gatewayClient.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'
import { createWebApi } from './webApi.ts'

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

const ask = async <T>(work: Promise<T>): Promise<Answer<T>> =>
  work.then(
    (value) => ({ ok: true, value }) as const,
    (error: unknown) => ({ ok: false, why: (error as Error).message }) as const,
  )

const age = (nowMs: number, atMs: number | null): string =>
  atMs === null ? 'never heard' : `heard ${((nowMs - atMs) / 1_000).toFixed(1)} s ago`

function tellGateway(status: GatewayStatus, readiness: Answer<GatewayReadiness>, io: CliIo): void {
  const lease =
    status.unhealthy === null ? `lease renewed ${status.lease_counter} times` : `NO LEASE: ${status.unhealthy}`
  io.out(
    `gateway    epoch ${status.gateway_epoch}, bus ${status.bus}, ${lease}, ${status.pending_commands} commands waiting`,
  )
  if (readiness.ok) {
    const { ready, of, worst_ms, elsewhere } = readiness.value
    io.out(`stop ready ${ready}/${of}${worst_ms === null ? '' : `, ${worst_ms.toFixed(1)} ms`}`)
    if (elsewhere !== null) io.out(`NOT HERE   ${elsewhere.text}`)
  }
  if (status.stops.length === 0) io.out('stops      none in force')
  for (const stop of status.stops) {
    const scope = stop.scope === 'all' ? 'all layers' : stop.scope.join(', ')
    io.out(`STOPPED    ${scope} by ${stop.issued_by}, ${stop.applied} confirmed, ${stop.missing} missing (${stop.id})`)
  }
}

/** `morphoscope status`. */
export async function showStatus(args: CliArguments, io: CliIo): Promise<number> {
  const gateway = createGatewayClient({ dataDir: io.dataDir, clock: io.clock })
  const [web, status, readiness] = await Promise.all([
    ask(
      createWebApi(args.url, io.config.serviceToken)
        .call('GET', '/api/health/ready')
        .then((value) => HealthReady.parse(value)),
    ),
    ask(gateway.status()),
    ask(gateway.readiness()),
  ])
  const code = web.ok || status.ok ? EXIT.done : EXIT.unreachable
  if (args.json) {
    const of = <T>(answer: Answer<T>) => (answer.ok ? answer.value : { error: answer.why })
    io.out(JSON.stringify({ web: of(web), gateway: of(status), readiness: of(readiness) }))
    return code
  }
  if (web.ok) {
    const causes = web.value.causes.map(({ text }) => text).join('; ')
    io.out(`web        ${args.url}, ${web.value.mode}${causes === '' ? '' : `: ${causes}`}`)
  } else io.out(`web        NOT THERE: ${web.why}`)
  if (status.ok) tellGateway(status.value, readiness, io)
  else io.out(`gateway    NOT THERE: ${status.why}`)
  return code
}

/** `morphoscope layers`. */
export async function showLayers(args: CliArguments, io: CliIo): Promise<number> {
  const status = await ask(createGatewayClient({ dataDir: io.dataDir, clock: io.clock }).status())
  if (!status.ok) {
    io.err(status.why)
    return EXIT.unreachable
  }
  const { layers, elsewhere } = status.value
  if (args.json) {
    io.out(JSON.stringify({ layers, elsewhere }))
    return EXIT.done
  }
  if (layers.length === 0) io.out('No layer announced itself.')
  const nowMs = io.clock.wallMs()
  for (const layer of layers) {
    const halted = layer.halted === null ? 'halted unknown' : layer.halted ? 'HALTED' : 'runs'
    const line = layer.dialect === 'v2' ? 'v2 dialect' : layer.socket ? 'line and bus' : 'bus only'
    const whose =
      layer.other_key === null ? [] : [`OBEYS ANOTHER KEY (${layer.other_key}): can not be stopped from here`]
    const heard = [`lease ${layer.lease ?? 'unknown'}`, age(nowMs, layer.heard_ms)]
    io.out(`${layer.layer_id.padEnd(24)} ${[...whose, halted, line, ...heard, layer.agent_id ?? ''].join(', ')}`)
  }
  for (const { layer_id, other_key, agent_id } of elsewhere)
    io.out(
      `${layer_id.padEnd(24)} of another installation (key ${other_key ?? 'unknown'}): can not be stopped from here, ${agent_id ?? ''}`,
    )
  return EXIT.done
}
