/*
 * runCli: reads the arguments and runs the subcommand.
 * In: arguments, the outside. Out: lines, an exit code.
 * Invariant: what is not understood sends nothing and says what would be; help is complete.
 * Source: docs/cli.md.
 */
import { parseArgs } from 'node:util'
import { LayerId } from '../../lib/contracts/ids.ts'
import { runAudit } from './auditCommand.ts'
import { type CliArguments, type CliIo, EXIT } from './cliIo.ts'
import { tellExtraWords } from './extraWords.ts'
import { runReplay } from './replayCommand.ts'
import { ackAlerts, showAlerts } from './showAlerts.ts'
import { sendCommand } from './sendCommand.ts'
import { sendResume } from './sendResume.ts'
import { sendStop } from './sendStop.ts'
import { showLayers, showStatus } from './showStatus.ts'
import { tailTopics } from './tailTopics.ts'

export const HELP = `morphoscope: look at the product, stop it, send commands

  morphoscope status                      web server, gateway, lease, stops in force, stop readiness
  morphoscope layers                      every layer: agent, line, halted, lease, age
  morphoscope stop [--layer L]...         emergency stop of all layers, or of those named; works while the web server is down
  morphoscope resume [--stop ID] --reason TEXT
                                          proposes to lift the newest stop, or that one; a second person approves it
  morphoscope command FILE|-              sends the command in the file (JSON as POST /api/commands takes it)
  morphoscope alerts [open|acked|shelved|silent|history|all] [--layer L]
                                          alerts, most urgent first, and whether their engine runs
  morphoscope ack ID|GROUP... [--reason NOTE]
                                          acknowledges alerts, or what is now in a group
  morphoscope audit verify|prove|diff|export
                                          the audit trail from files and keys alone; audit --help tells more
  morphoscope replay list|state|events|open|check|export
                                          the recorded past: any moment with its checksum, bundles; replay --help tells more
  morphoscope topics tail [PATTERN]       entries of the bus as they come; PATTERN as in subscriptions, default kasmina.#

  --json        one JSON document, or one per line
  --dry-run     says what would be sent, and sends nothing (command: asks the server for its preview)
  --reason TEXT why; goes into the records
  --wait S      seconds to wait for the layers, default 5
  --direct      stop: straight to the gateway, without asking the web server
  --key KEY     command, resume: idempotency key; the same key is one command
  --url URL     the web server, default from HOST and PORT
  --help

Exit codes (audit has its own): 0 done, 2 not understood, 3 sent but not confirmed by all in time, 4 nobody could be reached and nothing was
sent, 5 refused, 78 configuration, 1 anything else.`

const COMMANDS: Readonly<Record<string, (args: CliArguments, io: CliIo) => Promise<number>>> = {
  status: showStatus,
  layers: showLayers,
  stop: sendStop,
  resume: sendResume,
  command: sendCommand,
  alerts: showAlerts,
  ack: ackAlerts,
  topics: tailTopics,
}

class UsageError extends Error {}

function webUrl({ host, port }: CliIo['config']): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function parse(args: readonly string[], io: CliIo): { readonly name: string; readonly parsed: CliArguments } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      layer: { type: 'string', multiple: true, default: [] },
      reason: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      direct: { type: 'boolean', default: false },
      wait: { type: 'string', default: '5' },
      url: { type: 'string', default: webUrl(io.config) },
      key: { type: 'string' },
      stop: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const [name = 'help', ...words] = values.help ? ['help'] : positionals
  const wrong = values.layer.find((layer) => !LayerId.safeParse(layer).success)
  if (wrong !== undefined)
    throw new UsageError(`--layer ${JSON.stringify(wrong)}: a layer id has 1 to 128 of A-Z a-z 0-9 _ : -`)
  const extra = tellExtraWords(name, { words, layers: values.layer, reason: values.reason })
  if (extra !== null) throw new UsageError(extra)
  const waitS = Number(values.wait)
  if (!(waitS >= 0 && waitS <= 3_600)) throw new UsageError('--wait: seconds, 0 to 3600')
  if (!/^https?:\/\/[^/]+$/.test(values.url)) throw new UsageError('--url: http://host:port')
  return {
    name,
    parsed: {
      words,
      layers: values.layer,
      reason: values.reason,
      json: values.json,
      dryRun: values['dry-run'],
      direct: values.direct,
      waitMs: waitS * 1_000,
      url: values.url,
      key: values.key ?? null,
      stopId: values.stop ?? null,
    },
  }
}

/** Runs one command line. Rejects only for what nobody foresaw. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  // Its arguments and exit codes are those of a verifier: it runs without the product and knows no web server.
  if (args[0] === 'audit') return runAudit(args.slice(1), io)
  if (args[0] === 'replay') return runReplay(args.slice(1), io)
  let line: ReturnType<typeof parse>
  try {
    line = parse(args, io)
  } catch (error) {
    io.err(`morphoscope: ${(error as Error).message}`)
    io.err('morphoscope --help tells what there is. Nothing was sent.')
    return EXIT.usage
  }
  if (line.name === 'help') {
    io.out(HELP)
    return EXIT.done
  }
  const command = Object.hasOwn(COMMANDS, line.name) ? COMMANDS[line.name] : undefined
  if (command !== undefined) return command(line.parsed, io)
  io.err(
    `morphoscope: there is no command ${JSON.stringify(line.name)}; there are ${Object.keys(COMMANDS).join(', ')}. Nothing was sent.`,
  )
  return EXIT.usage
}
