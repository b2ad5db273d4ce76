/*
 * sendResume: proposes from a terminal to lift a stop; another person approves it.
 * In: which stop, why. Out: the proposal's state.
 * Invariant: there is no way around the second person: without the web server nothing is resumed.
 * Source: docs/emergency-stop.md "resume".
 */
import { randomUUID } from 'node:crypto'
import { CommandTaken } from '../../lib/contracts/httpCommands.ts'
import { ResumeChecklist } from '../../lib/contracts/httpStops.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'
import { followCommand, tellFailure } from './sendCommand.ts'
import { createWebApi } from './webApi.ts'

/** `morphoscope resume`. */
export async function sendResume(args: CliArguments, io: CliIo): Promise<number> {
  const web = createWebApi(args.url, io.config.serviceToken)
  try {
    const checklist = ResumeChecklist.parse(await web.call('GET', '/api/resume'))
    if (args.dryRun || (args.json && args.reason === '')) {
      io.out(JSON.stringify(checklist, null, args.json ? 0 : 2))
      return EXIT.done
    }
    if (checklist.stop === null) {
      io.err('Nothing is stopped.')
      return EXIT.refused
    }
    if (args.reason.length < 3) {
      io.err('morphoscope resume: --reason TEXT says why it is safe to go on. Nothing was sent.')
      return EXIT.usage
    }
    for (const { passed, text, detail, by } of checklist.items) {
      if (by === 'person') io.err(`by this you say: ${text}`)
      else if (passed !== true) io.err(`not met: ${text}${detail === '' ? '' : ` (${detail})`}`)
    }
    const body = { stop_id: args.stopId ?? checklist.stop.id, reason: args.reason, confirmed: ['alerts', 'cause'] }
    const taken = CommandTaken.parse(await web.call('POST', '/api/resume', { body, key: args.key ?? randomUUID() }))
    return await followCommand(web, taken.id, args, io)
  } catch (error) {
    return tellFailure(error, io)
  }
}
