/*
 * replayCommand: `replay list | state | events | open | check | export`: the recorded past from a terminal.
 * In: arguments, the folder of histories; for an export the web server, which writes it into the audit trail. Out: lines, an exit code.
 * Invariant: reading and opening work while nothing runs; a state whose checksum does not match is an exit code of its own, never a
 * quiet line; nothing is kept of a bundle that is not what its manifest says.
 * Source: docs/cli.md "replay"; docs/history.md.
 */
import { closeSync, createWriteStream, openSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { isAppError } from '../../lib/contracts/appError.ts'
import { ReplayEventsQuery, ReplayMoment } from '../../lib/contracts/httpReplay.ts'
import { openHistoryLibrary, type HistoryLibrary } from '../history/historyLibrary.ts'
import { checkBundle, openBundle } from '../history/openBundle.ts'
import { eventsOf } from '../history/replayEvents.ts'
import { stateAt } from '../history/replayState.ts'
import { EXIT, type CliIo } from './cliIo.ts'

const REPLAY_USAGE = `morphoscope replay list [--json]                            runs whose past is kept here, newest first
morphoscope replay state [--run R] [--at MOMENT] [--json]   the state at a moment with its checksum; exit 1 when it does not match
morphoscope replay events [--run R] [--from M] [--to M] [--kinds K,K]
                                                            every record of a window, one a line
morphoscope replay open FILE                                makes a bundle a recorded run of this installation
morphoscope replay check FILE                               whether a bundle is what its manifest says
morphoscope replay export --out FILE [--run R] [--from M] [--to M] [--url URL]
                                                            a window as a bundle, from the web server

MOMENT  ISO 8601, Unix ms, or the id of an entry on the bus. Nothing is changed but by open.`

class UsageError extends Error {}

const clockTime = (ms: number | null): string => (ms === null ? 'never' : new Date(ms).toISOString())

function list(library: HistoryLibrary, json: boolean, io: CliIo): number {
  const runs = library.list().map(({ run, bytes, changedMs }) => ({
    run_id: run.run_id,
    title: run.descriptor.title,
    origin: run.descriptor.origin,
    kept: run.kept,
    bytes,
    newest: clockTime(changedMs),
  }))
  if (json) io.out(JSON.stringify({ runs }))
  else if (runs.length === 0) io.out('nothing is recorded yet')
  else
    for (const run of runs)
      io.out(`${run.run_id}  ${run.kept}  ${run.origin}  ${(run.bytes / 1_048_576).toFixed(1)} MB  until ${run.newest}`)
  return EXIT.done
}

function toMoment(name: string, text: string | undefined): ReplayMoment | undefined {
  if (text === undefined) return undefined
  const parsed = ReplayMoment.safeParse(text)
  if (!parsed.success) throw new UsageError(`--${name}: ISO 8601 as 2026-01-31T14:02:00Z, Unix ms, or an entry's id`)
  return parsed.data
}

function state(
  library: HistoryLibrary,
  run: string | undefined,
  at: string | undefined,
  json: boolean,
  io: CliIo,
): number {
  const { descriptor: _, ...told } = stateAt(library.open(run), toMoment('at', at))
  if (json) io.out(JSON.stringify(told))
  else {
    io.out(`${told.run_id} at ${told.at} (entry ${told.entry_id ?? 'none'})`)
    for (const layer of told.layers)
      io.out(
        layer.at_ms === null
          ? `${layer.layer_id}  nothing recorded by then`
          : `${layer.layer_id}  tick ${layer.tick ?? 'unknown'}  ${layer.total_seeds} seeds  ${layer.checksum}  ${layer.agrees === true ? 'as recorded live' : (layer.problem ?? 'does not match')}`,
      )
    for (const gap of told.gaps) io.out(`in a gap: ${gap.cause}, ${clockTime(gap.from_ms)} to ${clockTime(gap.to_ms)}`)
    io.out(`checksum   ${told.checksum ?? 'none'}`)
    io.out(`recorded   ${told.recorded_checksum ?? 'none'}`)
  }
  return told.agrees === false ? EXIT.failed : EXIT.done
}

function events(
  library: HistoryLibrary,
  asked: Readonly<Record<string, string>>,
  run: string | undefined,
  io: CliIo,
): number {
  const history = library.open(run)
  const histories = history.run.kept === 'recorded' ? [history, library.server(history.run)] : [history]
  const parsed = ReplayEventsQuery.safeParse(asked)
  if (!parsed.success)
    throw new UsageError(`--${String(parsed.error.issues[0]?.path[0])}: ${parsed.error.issues[0]?.message}`)
  for (let cursor: string | undefined; ;) {
    const page = eventsOf(histories, { ...parsed.data, cursor })
    for (const record of page.records) io.out(JSON.stringify(record))
    if (page.next === null) return EXIT.done
    cursor = page.next
  }
}

async function exportBundle(out: string, query: URLSearchParams, url: string, io: CliIo): Promise<number> {
  const { serviceToken } = io.config
  let response: Response
  try {
    response = await fetch(`${url}/api/replay/bundle?${query}`, {
      redirect: 'error',
      headers: { origin: url, ...(serviceToken === null ? {} : { authorization: `Bearer ${serviceToken}` }) },
    })
  } catch (error) {
    io.err(`morphoscope: ${url} can not be reached: ${(error as Error).message}. Nothing was written.`)
    return EXIT.unreachable
  }
  if (!response.ok || response.body === null) {
    const problem = (await response.json().catch(() => ({}))) as { readonly code?: string; readonly detail?: string }
    io.err(`morphoscope: refused (${problem.code ?? response.status}): ${problem.detail ?? ''}`)
    return EXIT.refused
  }
  try {
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(out, { flags: 'wx' }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      io.err(`morphoscope: ${out} is there already; nothing was written over it.`)
      return EXIT.usage
    }
    rmSync(out, { force: true })
    throw error
  }
  const fd = openSync(out, 'r')
  try {
    const { manifest } = checkBundle(fd)
    io.out(`${out}: ${manifest.run_id}, ${clockTime(manifest.from_ms)} to ${clockTime(manifest.to_ms)}`)
    return EXIT.done
  } finally {
    closeSync(fd)
  }
}

function check(file: string, io: CliIo): number {
  const fd = openSync(file, 'r')
  try {
    const { manifest } = checkBundle(fd)
    const records = Object.values(manifest.records).reduce((sum, count) => sum + count, 0)
    io.out(`OK: ${manifest.run_id}, ${clockTime(manifest.from_ms)} to ${clockTime(manifest.to_ms)}, ${records} records`)
    for (const one of manifest.files) io.out(`  ${one.sha256}  ${one.bytes}  ${one.name}`)
    return EXIT.done
  } finally {
    closeSync(fd)
  }
}

function open(file: string, root: string, io: CliIo): number {
  const { runId, manifest, known } = openBundle(file, root)
  const web = `http://${io.config.host.includes(':') ? `[${io.config.host}]` : io.config.host}:${io.config.port}`
  io.out(`${known ? 'It had been opened before as' : 'Opened as'} ${runId}, labelled imported.`)
  io.out(`${clockTime(manifest.from_ms)} to ${clockTime(manifest.to_ms)}; checksum at its end ${manifest.checksums.to}`)
  io.out(`${web}/timeline?run=${encodeURIComponent(runId)}&at=${Math.round(manifest.to_ms)}`)
  return EXIT.done
}

/** Runs one command; rejects only for what nobody foresaw. */
export async function runReplay(args: readonly string[], io: CliIo): Promise<number> {
  const library = openHistoryLibrary(path.join(io.dataDir, 'history'))
  const { host, port } = io.config
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        run: { type: 'string' },
        at: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        kinds: { type: 'string' },
        out: { type: 'string' },
        url: { type: 'string', default: `http://${host.includes(':') ? `[${host}]` : host}:${port}` },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const { run, from, to, kinds } = values
    const given = Object.entries({ run, from, to, kinds }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    const [verb, file] = positionals
    if (values.help) {
      io.out(REPLAY_USAGE)
      return EXIT.done
    }
    switch (verb) {
      case 'list':
        return list(library, values.json, io)
      case 'state':
        return state(library, run, values.at, values.json, io)
      case 'events':
        return events(library, Object.fromEntries(given), run, io)
      case 'open':
      case 'check':
        if (file === undefined) throw new UsageError(`${verb} wants the name of a bundle`)
        return verb === 'open' ? open(file, library.root, io) : check(file, io)
      case 'export':
        if (values.out === undefined) throw new UsageError('export wants --out FILE')
        toMoment('from', from)
        toMoment('to', to)
        return await exportBundle(
          values.out,
          new URLSearchParams(given.filter(([name]) => name !== 'kinds')),
          values.url,
          io,
        )
      case undefined:
      default:
        throw new UsageError(verb === undefined ? 'replay wants a verb' : `there is no replay ${JSON.stringify(verb)}`)
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true) {
      io.err(`morphoscope: ${message}`)
      io.err(REPLAY_USAGE)
      return EXIT.usage
    }
    if (isAppError(error) || code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') {
      io.err(`morphoscope: ${message}`)
      return EXIT.refused
    }
    throw error
  } finally {
    library.close()
  }
}
