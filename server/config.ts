/*
 * config: the one place that reads the environment, and the whole list of what can be set.
 * In: an environment-like record. Out: a frozen Config, warnings, or every problem at once.
 * Invariant: a bad value never starts the product; secrets are never printed, neither here nor in the redacted form.
 * Source: docs/configuration.md; .env.example is generated from CONFIG_KEYS.
 */
import { z } from 'zod'
import { AppError } from '../lib/contracts/appError.ts'

/** Exit code of a configuration error (sysexits EX_CONFIG). */
export const EXIT_CONFIG = 78

export interface ConfigKey {
  readonly name: string
  readonly schema: z.ZodType
  /** As written in the environment; null = unset. */
  readonly default: string | null
  readonly expected: string
  readonly example: string
  readonly why: string
  readonly secret?: boolean
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/
const onOff = z.enum(['on', 'off']).transform((value) => value === 'on')
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))

const isRedisUrl = (text: string): boolean => {
  if (text.startsWith('/') || text.startsWith('unix:///')) return true
  try {
    const { protocol, hostname } = new URL(text)
    return (protocol === 'redis:' || protocol === 'rediss:') && hostname !== ''
  } catch {
    return false
  }
}

const toOrigins = (text: string, context: z.RefinementCtx): string[] => {
  const origins: string[] = []
  for (const part of text.split(',').map((item) => item.trim())) {
    try {
      const url = new URL(part)
      if (url.protocol === 'http:' || url.protocol === 'https:') origins.push(url.origin)
      else throw new Error('not http')
    } catch {
      context.addIssue({ code: 'custom', message: 'not an http(s) origin' })
    }
  }
  return origins
}

const key = (entry: ConfigKey): ConfigKey => Object.freeze(entry)

/** Every key in the order of .env.example. */
export const CONFIG_KEYS: readonly ConfigKey[] = Object.freeze([
  key({
    name: 'PORT',
    schema: integer(0, 65_535),
    default: '3000',
    expected: 'a port, 0 to 65535 (0 = any free one)',
    example: '3000',
    why: 'TCP port of the one HTTP server.',
  }),
  key({
    name: 'HOST',
    schema: z.string().regex(LOOPBACK),
    default: '127.0.0.1',
    expected: 'a loopback address: there is no sign-in yet, so nobody outside this machine may connect',
    example: '127.0.0.1',
    why: 'Address to listen on.',
  }),
  key({
    name: 'ROLE',
    schema: z.enum(['all', 'web']),
    default: 'all',
    expected: 'all (web, ingest, trainer, controller) or web (no trainer here)',
    example: 'all',
    why: 'Which parts run in this process.',
  }),
  key({
    name: 'BUS',
    schema: z.enum(['redis', 'memory']),
    default: null,
    expected: 'redis or memory',
    example: 'redis',
    why: 'Message bus; unset means redis when REDIS_URL is set, else memory (inside this process).',
  }),
  key({
    name: 'REDIS_URL',
    schema: z.string().refine(isRedisUrl),
    default: null,
    expected: 'redis://host:port, rediss://host:port, or unix:///path/of/socket',
    example: 'redis://127.0.0.1:6379',
    why: 'Where Redis is, when BUS is redis.',
    secret: true,
  }),
  key({
    name: 'DATA_DIR',
    schema: z.string().min(1).max(4_096),
    default: './data',
    expected: 'a folder we may write',
    example: './data',
    why: 'Where checkpoints and stores go.',
  }),
  key({
    name: 'TRAINER',
    schema: onOff,
    default: 'on',
    expected: 'on or off',
    example: 'on',
    why: 'Whether the built-in trainer and its controller run.',
  }),
  key({
    name: 'TRAINER_SEED',
    schema: integer(0, 2_147_483_647),
    default: '2',
    expected: 'an integer, 0 to 2147483647',
    example: '2',
    why: 'Seed of the run: same seed, same weights, same events.',
  }),
  key({
    name: 'TRAINER_STEPS_PER_S',
    schema: integer(0, 100_000),
    default: '150',
    expected: 'optimiser steps per second, 0 to 100000 (0 = as fast as it goes)',
    example: '150',
    why: 'Pace of the built-in trainer.',
  }),
  key({
    name: 'TRAINER_FAULTS',
    schema: onOff,
    default: 'on',
    expected: 'on or off',
    example: 'on',
    why: 'Whether faults may be injected into the built-in trainer.',
  }),
  key({
    name: 'HISTORY_SECONDS',
    schema: integer(10, 900),
    default: '900',
    expected: 'seconds, 10 to 900',
    example: '900',
    why: 'Length of the in-memory history of each layer.',
  }),
  key({
    name: 'AUTH',
    schema: z.enum(['demo']),
    default: 'demo',
    expected: 'demo (the only mode built; accepted on a loopback HOST)',
    example: 'demo',
    why: 'How people sign in.',
  }),
  key({
    name: 'PUBLIC_URL',
    schema: z.string().max(2_048).transform(toOrigins),
    default: null,
    expected: 'one http(s) origin, or several separated by commas',
    example: 'http://localhost:8080',
    why: 'Further origins from which pages may talk to this server (for a proxy or a tunnel).',
  }),
  key({
    name: 'LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    expected: 'debug, info, warn, error or silent',
    example: 'info',
    why: 'Least severe line that is logged.',
  }),
  key({
    name: 'LOG_FORMAT',
    schema: z.enum(['json', 'pretty']),
    default: null,
    expected: 'json or pretty',
    example: 'json',
    why: 'Form of log lines; unset means pretty on a terminal, else json.',
  }),
  key({
    name: 'METRICS_TOKEN',
    schema: z.string().min(16).max(256),
    default: null,
    expected: '16 to 256 characters',
    example: 'a-long-random-text-of-your-own',
    why: 'Bearer token for /metrics; loopback callers need none.',
    secret: true,
  }),
  key({
    name: 'MORPHOSCOPE_SUPERVISED',
    schema: z.enum(['0', '1']).transform((value) => value === '1'),
    default: '0',
    expected: '0 or 1',
    example: '1',
    why: 'Set by the runner: the server ends when its standard input closes.',
  }),
])

export interface Config {
  readonly port: number
  readonly host: string
  readonly role: 'all' | 'web'
  readonly bus: 'redis' | 'memory'
  readonly redisUrl: string | null
  readonly dataDir: string
  readonly trainer: {
    readonly enabled: boolean
    readonly seed: number
    readonly stepsPerSecond: number
    readonly faultsAllowed: boolean
  }
  readonly historySeconds: number
  readonly auth: 'demo'
  readonly publicOrigins: readonly string[]
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logFormat: 'json' | 'pretty' | null
  readonly metricsToken: string | null
  readonly supervised: boolean
}

export interface ConfigProblem {
  readonly key: string
  /** What was given; secrets and long values are shortened. */
  readonly given: string
  readonly expected: string
  readonly example: string
}

export type Environment = Readonly<Record<string, string | undefined>>

const REDACTED = '•••'
const shown = (entry: ConfigKey, given: string): string => {
  if (entry.secret === true) return REDACTED
  const printable = JSON.stringify(given)
  return printable.length > 80 ? `${printable.slice(0, 80)}…` : printable
}

/** Names the keys with a prefix of ours that mean nothing: most likely a spelling mistake. */
export function unknownKeys(source: Environment): string[] {
  const known = new Set(CONFIG_KEYS.map((entry) => entry.name))
  return Object.keys(source)
    .filter((name) => /^(MORPHOSCOPE_|TRAINER_|HISTORY_)/.test(name) && !known.has(name))
    .sort()
}

/** @throws CONFIG_INVALID with `context.problems`: all of them, never only the first. */
export function parseConfig(source: Environment): Config {
  const values: Record<string, unknown> = {}
  const problems: ConfigProblem[] = []
  for (const entry of CONFIG_KEYS) {
    // An empty value is what a copied .env line without a value gives: unset.
    const given = source[entry.name]?.trim() || entry.default
    if (given === null || given === undefined) continue
    const parsed = entry.schema.safeParse(given)
    if (parsed.success) values[entry.name] = parsed.data
    else
      problems.push({
        key: entry.name,
        given: shown(entry, given),
        expected: entry.expected,
        example: `${entry.name}=${entry.example}`,
      })
  }
  const redisUrl = (values['REDIS_URL'] as string | undefined) ?? null
  const bus = (values['BUS'] as Config['bus'] | undefined) ?? (redisUrl === null ? 'memory' : 'redis')
  if (bus === 'redis' && redisUrl === null && !problems.some((problem) => problem.key === 'REDIS_URL'))
    problems.push({
      key: 'REDIS_URL',
      given: 'nothing',
      expected: 'an address, because BUS is redis',
      example: 'REDIS_URL=redis://127.0.0.1:6379',
    })
  if (problems.length > 0)
    throw new AppError('CONFIG_INVALID', describeProblems(problems), { problems, path: problems[0]!.key })
  const role = values['ROLE'] as Config['role']
  return Object.freeze({
    port: values['PORT'] as number,
    host: (values['HOST'] as string).replace(/^\[|\]$/g, ''),
    role,
    bus,
    redisUrl: bus === 'redis' ? redisUrl : null,
    dataDir: values['DATA_DIR'] as string,
    trainer: Object.freeze({
      enabled: (values['TRAINER'] as boolean) && role === 'all',
      seed: values['TRAINER_SEED'] as number,
      stepsPerSecond: values['TRAINER_STEPS_PER_S'] as number,
      faultsAllowed: values['TRAINER_FAULTS'] as boolean,
    }),
    historySeconds: values['HISTORY_SECONDS'] as number,
    auth: 'demo' as const,
    publicOrigins: Object.freeze((values['PUBLIC_URL'] as string[] | undefined) ?? []),
    logLevel: values['LOG_LEVEL'] as Config['logLevel'],
    logFormat: (values['LOG_FORMAT'] as Config['logFormat'] | undefined) ?? null,
    metricsToken: (values['METRICS_TOKEN'] as string | undefined) ?? null,
    supervised: values['MORPHOSCOPE_SUPERVISED'] as boolean,
  })
}

function describeProblems(problems: readonly ConfigProblem[]): string {
  const lines = problems.map(
    (problem) =>
      `  ${problem.key}: given ${problem.given}; expected ${problem.expected}; for example ${problem.example}`,
  )
  return `${problems.length} configuration ${problems.length === 1 ? 'value is' : 'values are'} not acceptable:\n${lines.join('\n')}`
}

/** Reads the environment of this process; an argument wins over the environment. @throws CONFIG_INVALID */
export function readConfig(argument: { readonly role?: string } = {}): {
  readonly config: Config
  readonly warnings: readonly string[]
} {
  return {
    config: parseConfig(argument.role === undefined ? process.env : { ...process.env, ROLE: argument.role }),
    warnings: unknownKeys(process.env).map((name) => `${name} is set, but it is not one of our keys`),
  }
}

/** Where the bus is, for people: never with user or password. */
export function busAddress(config: Config): string {
  if (config.redisUrl === null) return 'inside this process'
  if (config.redisUrl.startsWith('/') || config.redisUrl.startsWith('unix:')) return 'local Redis socket'
  const url = new URL(config.redisUrl)
  return `${url.hostname}:${url.port === '' ? '6379' : url.port}`
}

/** Text of .env.example: same keys, same order, same words. */
export function envExample(): string {
  const blocks = CONFIG_KEYS.map(
    (entry) =>
      `# ${entry.why}\n# ${entry.expected}${entry.default === null ? '' : `; default ${entry.default}`}\n# ${entry.name}=${entry.example}\n`,
  )
  return `# Every setting of Morphoscope. Generated by scripts/generate-env-example.ts from server/config.ts.\n\n${blocks.join('\n')}`
}
