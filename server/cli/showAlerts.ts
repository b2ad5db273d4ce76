/*
 * showAlerts: alerts from a terminal: what is open, and that somebody has it.
 * In: the web server. Out: lines or JSON.
 * Invariant: an acknowledgement names what was seen in the same breath; of several each is answered for itself.
 * Source: docs/cli.md; docs/alerts.md.
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import { AlertDetail, AlertItem } from '../../lib/contracts/alerts.ts'
import { AlertList, GroupAckAnswer } from '../../lib/contracts/httpAlerts.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'
import { createWebApi, WebUnreachable, type WebApi } from './webApi.ts'

const MARKS: Readonly<Record<AlertItem['severity'], string>> = {
  critical: 'CRITICAL',
  warning: 'warning ',
  info: 'info    ',
}

const age = (nowMs: number, at: string): string => {
  const s = Math.max(0, (nowMs - Date.parse(at)) / 1_000)
  return s < 90 ? `${s.toFixed(0)} s` : s < 5_400 ? `${(s / 60).toFixed(0)} min` : `${(s / 3_600).toFixed(1)} h`
}

function lineOf(alert: AlertItem, nowMs: number): string {
  const where = [alert.layer_id, alert.seed_id === null ? null : `seed ${alert.seed_id}`].filter((one) => one !== null)
  const who = alert.acked_by === null ? '' : `, ${alert.acked_by} has it`
  const marks = `${alert.silent ? ', SILENT' : ''}${alert.flapping ? ', flapping' : ''}`
  const place = where.length === 0 ? '' : `${where.join(' ')}: `
  return `${MARKS[alert.severity]} ${alert.id}  ${alert.rule}, ${alert.state} for ${age(nowMs, alert.raised_at)}${who}${marks}\n         ${place}${alert.text}`
}

async function guarded(io: CliIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    io.err(`morphoscope: ${(error as Error).message}`)
    if (error instanceof WebUnreachable) return EXIT.unreachable
    return isAppError(error) ? EXIT.refused : EXIT.failed
  }
}

const apiOf = (args: CliArguments, io: CliIo): WebApi => createWebApi(args.url, io.config.serviceToken)

/** `morphoscope alerts [STATE]`. */
export function showAlerts(args: CliArguments, io: CliIo): Promise<number> {
  return guarded(io, async () => {
    const [state] = args.words
    const query = new URLSearchParams({ limit: '200', ...(state === undefined ? {} : { state }) })
    if (args.layers[0] !== undefined) query.set('layer', args.layers[0])
    const list = AlertList.parse(await apiOf(args, io).call('GET', `/api/alerts?${query}`))
    if (args.json) {
      io.out(JSON.stringify(list))
      return EXIT.done
    }
    const { counts, engine } = list
    const nowMs = io.clock.wallMs()
    for (const alert of list.alerts) io.out(lineOf(alert, nowMs))
    if (list.next !== null) io.out('There are more; --json and the route /api/alerts give them all.')
    const clear = engine.clear_since === null ? '' : `, all clear for ${age(nowMs, engine.clear_since)}`
    const runs =
      engine.age_ms === null || engine.age_ms > 10_000
        ? 'THE ENGINE DOES NOT RUN'
        : `engine looked ${(engine.age_ms / 1_000).toFixed(1)} s ago with ${engine.enabled} rules`
    io.out(
      `${counts.open} open, ${counts.unacked} unacknowledged, ${counts.critical} critical, ${counts.shelved} shelved, ${counts.silent} silent; ${runs}${clear}`,
    )
    return EXIT.done
  })
}

async function ackOne(api: WebApi, id: string, note: string, io: CliIo): Promise<number> {
  const seen = AlertDetail.parse(await api.call('GET', `/api/alerts/${encodeURIComponent(id)}`))
  const body = { version: seen.version, seq: seen.seq, ...(note === '' ? {} : { note }) }
  const now = AlertItem.parse(await api.call('POST', `/api/alerts/${seen.id}/ack`, { body }))
  io.out(`${now.id} acknowledged by ${now.acked_by ?? 'nobody'}: ${now.state}, ${now.text}`)
  return EXIT.done
}

async function ackGroup(api: WebApi, group: string, note: string, io: CliIo): Promise<number> {
  const versions: { id: string; version: number; seq: number }[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ group, limit: '200', ...(cursor === null ? {} : { cursor }) })
    const page = AlertList.parse(await api.call('GET', `/api/alerts?${query}`))
    for (const { id, version, seq, acked_by: by } of page.alerts) if (by === null) versions.push({ id, version, seq })
    cursor = page.next
  } while (cursor !== null && versions.length < 10_000)
  if (versions.length === 0) {
    io.err('morphoscope: nothing of this group is unacknowledged. Nothing was sent.')
    return EXIT.usage
  }
  const body = { group, versions, ...(note === '' ? {} : { note }) }
  const answer = GroupAckAnswer.parse(await api.call('POST', '/api/alerts/groups/ack', { body }))
  io.out(`${answer.acked} acknowledged, ${answer.lost_count} changed meanwhile, ${answer.new} new since`)
  return EXIT.done
}

/** `morphoscope ack ID...|GROUP`. */
export function ackAlerts(args: CliArguments, io: CliIo): Promise<number> {
  return guarded(io, async () => {
    const api = apiOf(args, io)
    if (args.words.length === 0) {
      io.err(
        'morphoscope: ack needs the id of an alert, or the key of a group; morphoscope alerts lists them. Nothing was sent.',
      )
      return EXIT.usage
    }
    let worst: number = EXIT.done
    for (const word of args.words) {
      const code = await guarded(io, () =>
        word.includes('|') ? ackGroup(api, word, args.reason, io) : ackOne(api, word, args.reason, io),
      )
      if (code !== EXIT.done) worst = code
    }
    return worst
  })
}
