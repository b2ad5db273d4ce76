/*
 * main: the process of the command line.
 * In: arguments, configuration. Out: what runCli says, its exit code.
 * Invariant: an unexpected failure is one line and exit code 1, never a stack in a terminal.
 * Source: docs/cli.md.
 */
import path from 'node:path'
import { isAppError } from '../../lib/contracts/appError.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { EXIT_CONFIG, readConfig } from '../config.ts'
import { runCli } from './runCli.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

async function main(): Promise<number> {
  const { config } = readConfig()
  return runCli(process.argv.slice(2), {
    config,
    dataDir: path.resolve(ROOT, config.dataDir),
    clock: systemClock,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    readFile: (file) => import('node:fs').then(({ readFileSync }) => readFileSync(file === '-' ? 0 : file, 'utf8')),
    onInterrupt: (listener) => void process.once('SIGINT', listener),
  })
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`morphoscope: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(isAppError(error, 'CONFIG_INVALID') ? EXIT_CONFIG : 1)
  },
)
