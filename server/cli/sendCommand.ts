/*
 * sendCommand: an ordinary command from a terminal, with the guards the pages have.
 * In: a draft as JSON. Out: its stages until it is over; the exit code says how it ended.
 * Invariant: only the web server takes it: guards, approvals and the audit trail are there; --dry-run asks for the preview alone.
 * Source: docs/cli.md.
 */
import { randomUUID } from 'node:crypto'
import { isAppError } from '../../lib/contracts/appError.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import { CommandRecord, CommandTaken } from '../../lib/contracts/httpCommands.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'
import { createWebApi, type WebApi } from './webApi.ts'

const POLL_MS = 200

/** Says why a call failed; the code tells an unreachable server from one that said no. */
export function tellFailure(error: unknown, io: CliIo): number {
  if (isAppError(error)) {
    const at = error.context['path']
    io.err(`refused (${error.code}${typeof at === 'string' ? ` at ${at}` : ''}): ${error.message}`)
    return EXIT.refused
  }
  io.err(`${(error as Error).message}. Nothing was sent. Only an emergency stop works without the web server.`)
  return EXIT.unreachable
}

/** Follows a command to its end, or as long as --wait says. */
export async function followCommand(web: WebApi, id: string, args: CliArguments, io: CliIo): Promise<number> {
  const endMs = io.clock.monotonicMs() + args.waitMs
  let told = 0
  for (;;) {
    const record = CommandRecord.parse(await web.call('GET', `/api/commands/${id}`))
    if (!args.json)
      for (const { stage, at, by, text } of record.stages.slice(told))
        io.out(`  ${at} ${stage}, by ${by}${text === undefined ? '' : `: ${text}`}`)
    told = record.stages.length
    const over = isFinalState(record.state)
    if (over || io.clock.monotonicMs() >= endMs) {
      io.out(args.json ? JSON.stringify(record) : `${record.state} (${id})`)
      if (!over) return EXIT.unconfirmed
      return record.state === 'APPLIED' || record.state === 'APPLIED_LATE' ? EXIT.done : EXIT.refused
    }
    await io.clock.sleep(POLL_MS)
  }
}

/** `morphoscope command`. */
export async function sendCommand(args: CliArguments, io: CliIo): Promise<number> {
  const [file] = args.words
  if (file === undefined) {
    io.err(
      'morphoscope command FILE: a JSON file as POST /api/commands takes it, or - for the standard input. Nothing was sent.',
    )
    return EXIT.usage
  }
  let draft: object
  try {
    draft = JSON.parse(await io.readFile(file)) as object
  } catch (error) {
    io.err(`${file}: ${(error as Error).message}. Nothing was sent.`)
    return EXIT.usage
  }
  const web = createWebApi(args.url, io.config.serviceToken)
  try {
    if (args.dryRun) {
      io.out(JSON.stringify(await web.call('POST', '/api/commands/preview', { body: draft }), null, args.json ? 0 : 2))
      return EXIT.done
    }
    const key = args.key ?? randomUUID()
    const taken = CommandTaken.parse(await web.call('POST', '/api/commands', { body: draft, key }))
    return await followCommand(web, taken.id, args, io)
  } catch (error) {
    return tellFailure(error, io)
  }
}
