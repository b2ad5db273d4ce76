/*
 * config: the one place that reads the environment, and the whole list of what can be set.
 * In: an environment-like record. Out: a frozen Config, warnings, or every problem at once.
 * Invariant: a bad value never starts the product; secrets are never printed, neither here nor in the redacted form.
 * Source: docs/configuration.md; .env.example is generated from CONFIG_KEYS.
 */
import { AppError } from '../lib/contracts/appError.ts'
import { CONFIG_KEYS, type ConfigKey } from './configKeys.ts'

/** Exit code of a configuration error (sysexits EX_CONFIG). */
export const EXIT_CONFIG = 78

export interface Config {
  readonly port: number
  readonly host: string
  readonly role: 'all' | 'web' | 'gateway' | 'trainer' | 'controller'
  readonly bus: 'redis' | 'memory'
  readonly redisUrl: string | null
  readonly dataDir: string
  /** Null: a SQLite file in the data folder. */
  readonly databaseUrl: string | null
  readonly trainer: {
    readonly enabled: boolean
    readonly seed: number
    readonly stepsPerSecond: number
    readonly faultsAllowed: boolean
  }
  readonly gateway: {
    /** Direct lines of layer agents; 0 = any. */
    readonly port: number
    readonly controlPort: number
  }
  readonly historySeconds: number
  /** Where notifications of alerts go; null = nowhere. */
  readonly alerts: {
    readonly webhook: { readonly url: string; readonly secret: string | null } | null
    readonly mail: { readonly url: string; readonly from: string; readonly to: readonly string[] } | null
  }
  /** What is kept on the disk. */
  readonly history: {
    readonly durable: boolean
    readonly maxBytes: number
    /** Null: whatever its age. */
    readonly maxAgeMs: number | null
  }
  readonly claimCheckDir: string | null
  readonly auth: 'demo' | 'required'
  /** Sign-in with a provider; null = names and passwords only. */
  readonly oidc: {
    readonly issuer: string
    readonly clientId: string
    readonly clientSecret: string
    readonly name: string
  } | null
  readonly environment: 'DEMO' | 'STAGING' | 'PROD'
  /** Seeds one command may change. */
  readonly commandQuota: number
  readonly publicOrigins: readonly string[]
  /** X-Forwarded-For of a proxy on this machine is believed. */
  readonly trustProxy: boolean
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logFormat: 'json' | 'pretty' | null
  readonly metricsToken: string | null
  /** Of the command line. */
  readonly serviceToken: string | null
  readonly supervised: boolean
  /** Roles of the processes that run beside this one. */
  readonly siblings: readonly string[]
}

export interface ConfigProblem {
  readonly key: string
  /** What was given; secrets and long values are shortened. */
  readonly given: string
  readonly expected: string
  readonly example: string
}

export type Environment = Readonly<Record<string, string | undefined>>

const OIDC_KEYS = ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'] as const
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/
const isLoopbackHost = (host: string): boolean => LOOPBACK.test(host)

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
    .filter((name) => /^(MORPHOSCOPE_|TRAINER_|HISTORY_|GATEWAY_)/.test(name) && !known.has(name))
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
  const host = (values['HOST'] as string | undefined) ?? '127.0.0.1'
  const embedded = bus === 'memory' || (values['MORPHOSCOPE_EMBEDDED_BUS'] as boolean)
  const auth =
    (values['AUTH'] as Config['auth'] | undefined) ?? (isLoopbackHost(host) && embedded ? 'demo' : 'required')
  problems.push(...accessProblems(values, host, auth), ...mailProblems(values))
  const isOpen = !isLoopbackHost(host) || values['PUBLIC_URL'] !== undefined
  const oidc = readOidc(values)
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
    databaseUrl: (values['DATABASE_URL'] as string | undefined) ?? null,
    trainer: Object.freeze({
      enabled: (values['TRAINER'] as boolean) && (role === 'all' || role === 'trainer'),
      seed: values['TRAINER_SEED'] as number,
      stepsPerSecond: values['TRAINER_STEPS_PER_S'] as number,
      faultsAllowed: values['TRAINER_FAULTS'] as boolean,
    }),
    gateway: Object.freeze({
      port: values['GATEWAY_PORT'] as number,
      controlPort: values['GATEWAY_CONTROL_PORT'] as number,
    }),
    historySeconds: values['HISTORY_SECONDS'] as number,
    alerts: readAlertChannels(values),
    history: {
      durable: values['HISTORY_DURABLE'] as boolean,
      maxBytes: (values['HISTORY_MAX_MB'] as number) * 1_048_576,
      maxAgeMs: values['HISTORY_MAX_HOURS'] === undefined ? null : (values['HISTORY_MAX_HOURS'] as number) * 3_600_000,
    },
    claimCheckDir: (values['CLAIM_CHECK_DIR'] as string | undefined) ?? null,
    auth,
    oidc: oidc === null ? null : Object.freeze(oidc),
    environment: (values['ENVIRONMENT'] as Config['environment'] | undefined) ?? stakesOf(auth, embedded && !isOpen),
    commandQuota: values['COMMAND_QUOTA'] as number,
    publicOrigins: Object.freeze((values['PUBLIC_URL'] as string[] | undefined) ?? []),
    trustProxy: values['TRUST_PROXY'] as boolean,
    logLevel: values['LOG_LEVEL'] as Config['logLevel'],
    logFormat: (values['LOG_FORMAT'] as Config['logFormat'] | undefined) ?? null,
    metricsToken: (values['METRICS_TOKEN'] as string | undefined) ?? null,
    serviceToken: (values['MORPHOSCOPE_TOKEN'] as string | undefined) ?? null,
    supervised: values['MORPHOSCOPE_SUPERVISED'] as boolean,
    siblings: Object.freeze((values['MORPHOSCOPE_SIBLINGS'] as string[] | undefined) ?? []),
  })
}

/** What is at stake when nobody said: a trial with accounts is no production; whatever others can reach is one. */
function stakesOf(auth: Config['auth'], isOwn: boolean): Config['environment'] {
  if (auth === 'demo') return 'DEMO'
  return isOwn ? 'STAGING' : 'PROD'
}

/** What AUTH, HOST, PUBLIC_URL and OIDC_* ask of each other. */
function accessProblems(
  values: Readonly<Record<string, unknown>>,
  host: string,
  auth: Config['auth'],
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  if (auth === 'demo' && !isLoopbackHost(host))
    problems.push({
      key: 'AUTH',
      given: `demo, with HOST=${host}`,
      expected: 'required, because with HOST other machines can connect and the demo has no sign-in',
      example: 'AUTH=required',
    })
  if (/^(0\.0\.0\.0|\[?::\]?)$/.test(host) && values['PUBLIC_URL'] === undefined)
    problems.push({
      key: 'PUBLIC_URL',
      given: 'nothing',
      expected: `the address people open, because HOST=${host} listens on every one`,
      example: 'PUBLIC_URL=https://morphoscope.example.org',
    })
  const given = OIDC_KEYS.filter((name) => values[name] !== undefined)
  if (given.length > 0 && given.length < OIDC_KEYS.length)
    for (const name of OIDC_KEYS.filter((one) => !given.includes(one)))
      problems.push({
        key: name,
        given: 'nothing',
        expected: `a value, because ${given.join(' and ')} is set: the provider needs all three`,
        example: CONFIG_KEYS.find((entry) => entry.name === name)!.example,
      })
  if (given.length > 0 && auth === 'demo')
    problems.push({
      key: 'AUTH',
      given: 'demo',
      expected: 'required, because OIDC_* is set and nobody signs in with AUTH=demo',
      example: 'AUTH=required',
    })
  return problems
}

/** A mail server without anybody to write to is a mistake, and so is the reverse. */
function mailProblems(values: Readonly<Record<string, unknown>>): ConfigProblem[] {
  const [server, to] = [values['SMTP_URL'] !== undefined, values['ALERT_MAIL_TO'] !== undefined]
  if (server === to) return []
  const missing = server ? 'ALERT_MAIL_TO' : 'SMTP_URL'
  return [
    {
      key: missing,
      given: 'nothing',
      expected: `a value, because ${server ? 'SMTP_URL' : 'ALERT_MAIL_TO'} is set`,
      example: `${missing}=${CONFIG_KEYS.find((entry) => entry.name === missing)!.example}`,
    },
  ]
}

function readAlertChannels(values: Readonly<Record<string, unknown>>): Config['alerts'] {
  const url = values['ALERT_WEBHOOK_URL'] as string | undefined
  const secret = (values['ALERT_WEBHOOK_SECRET'] as string | undefined) ?? null
  const server = values['SMTP_URL'] as string | undefined
  const to = values['ALERT_MAIL_TO'] as string[] | undefined
  return Object.freeze({
    webhook: url === undefined ? null : { url, secret },
    mail:
      server === undefined || to === undefined ? null : { url: server, from: values['ALERT_MAIL_FROM'] as string, to },
  })
}

function readOidc(values: Readonly<Record<string, unknown>>): Config['oidc'] {
  const [issuer, clientId, clientSecret] = OIDC_KEYS.map((name) => values[name] as string | undefined)
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return null
  return { issuer, clientId, clientSecret, name: values['OIDC_NAME'] as string }
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
