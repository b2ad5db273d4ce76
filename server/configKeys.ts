/*
 * configKeys: every setting of the product: its name, what is accepted, its default, an example, and why it is there.
 * In: nothing. Out: CONFIG_KEYS, in the order of .env.example.
 * Invariant: a key that is not here does not exist; every example is acceptable.
 * Source: docs/configuration.md.
 */
import { z } from 'zod'

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

const HOST = /^(\[?[0-9a-fA-F:.]{2,45}\]?|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)$/
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

const isDatabaseUrl = (text: string): boolean => {
  if (text.startsWith('sqlite:')) return text.length > 'sqlite:'.length
  try {
    return ['postgres:', 'postgresql:'].includes(new URL(text).protocol)
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

const isSmtpUrl = (text: string): boolean => {
  try {
    const { protocol, hostname } = new URL(text)
    return (protocol === 'smtp:' || protocol === 'smtps:') && hostname !== ''
  } catch {
    return false
  }
}

const MAIL = /^[^\s@<>,;:"]{1,64}@[A-Za-z0-9.-]{1,255}$/

const toMailAddresses = (text: string, context: z.RefinementCtx): string[] => {
  const addresses = text.split(',').map((part) => part.trim())
  for (const address of addresses)
    if (!MAIL.test(address)) context.addIssue({ code: 'custom', message: 'not a mail address' })
  return addresses
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
    schema: z.string().regex(HOST),
    default: '127.0.0.1',
    expected: 'an address of this machine; other than loopback only with AUTH=required',
    example: '127.0.0.1',
    why: 'Address to listen on.',
  }),
  key({
    name: 'ROLE',
    schema: z.enum(['all', 'web', 'gateway', 'trainer', 'controller']),
    default: 'all',
    expected:
      'all (everything in one process), web (pages and ingest), gateway, trainer (with agent and controller), or controller',
    example: 'web',
    why: 'Which parts run in this process; unset, `npm start` on Redis runs gateway, trainer and web as three processes.',
  }),
  key({
    name: 'GATEWAY_PORT',
    schema: integer(0, 65_535),
    default: '0',
    expected: 'a port, 0 to 65535 (0 = any free one; DATA_DIR/gateway.json says which)',
    example: '3310',
    why: 'TCP port on the loopback where layer agents reach the gateway directly.',
  }),
  key({
    name: 'GATEWAY_CONTROL_PORT',
    schema: integer(0, 65_535),
    default: '0',
    expected: 'a port, 0 to 65535 (0 = any free one; DATA_DIR/gateway.json says which)',
    example: '3311',
    why: "TCP port on the loopback of the gateway's control API.",
  }),
  key({
    name: 'ENVIRONMENT',
    schema: z.enum(['DEMO', 'STAGING', 'PROD']),
    default: null,
    expected:
      'DEMO, STAGING or PROD; unset: DEMO with AUTH=demo, STAGING with the embedded bus on a loopback HOST without PUBLIC_URL, else PROD',
    example: 'STAGING',
    why: 'What is at stake, as the badge in the header says: in PROD every command weighs one level more, and level 3 needs a second person.',
  }),
  key({
    name: 'COMMAND_QUOTA',
    schema: integer(1, 65_536),
    default: '500',
    expected: 'a number of seeds, 1 to 65536',
    example: '500',
    why: 'How many seeds one command may change.',
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
    name: 'DATABASE_URL',
    schema: z.string().max(2_048).refine(isDatabaseUrl),
    default: null,
    expected: 'sqlite:path/of/file or postgres://user:password@host:port/database',
    example: 'sqlite:./data/morphoscope.db',
    why: 'Where people, tokens, commands and the audit trail are kept; unset means morphoscope.db in DATA_DIR.',
    secret: true,
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
    name: 'HISTORY_DURABLE',
    schema: onOff,
    default: 'on',
    expected: 'on or off',
    example: 'on',
    why: 'Whether telemetry and events are written to DATA_DIR/history for replay; off still reads what is there.',
  }),
  key({
    name: 'HISTORY_MAX_MB',
    schema: integer(64, 1_048_576),
    default: '2048',
    expected: 'megabytes, 64 to 1048576',
    example: '8192',
    why: 'Size of the durable history; the oldest parts go first.',
  }),
  key({
    name: 'HISTORY_MAX_HOURS',
    schema: integer(1, 87_600),
    default: null,
    expected: 'hours, 1 to 87600; unset: whatever its age',
    example: '168',
    why: 'Age at which parts of the durable history go, whatever its size.',
  }),
  key({
    name: 'CLAIM_CHECK_DIR',
    schema: z.string().min(1).max(4_096),
    default: null,
    expected: 'a folder we may read, the same one a v2 client writes to',
    example: '/mnt/claim-checks',
    why: 'Where batches lie that a v2 client wrote to disk instead of the bus; unset means they are shown as gaps.',
  }),
  key({
    name: 'AUTH',
    schema: z.enum(['demo', 'required']),
    default: null,
    expected: 'demo (nobody signs in; only on a loopback HOST) or required',
    example: 'required',
    why: 'How people sign in; unset means demo on a loopback HOST with the embedded bus, else required.',
  }),
  key({
    name: 'OIDC_ISSUER',
    schema: z.url().max(2_048),
    default: null,
    expected: 'the address of an OpenID Connect provider',
    example: 'https://id.example.org/realms/lab',
    why: 'Sign-in with a provider besides names and passwords; new people may look until an administrator gives them more.',
  }),
  key({
    name: 'OIDC_CLIENT_ID',
    schema: z.string().min(1).max(512),
    default: null,
    expected: 'the id under which the provider knows this installation',
    example: 'morphoscope',
    why: 'Goes with OIDC_ISSUER.',
  }),
  key({
    name: 'OIDC_CLIENT_SECRET',
    schema: z.string().min(1).max(1_024),
    default: null,
    expected: 'the secret that the provider gave',
    example: 'a-secret-of-the-provider',
    why: 'Goes with OIDC_ISSUER; the provider must know the address PUBLIC_URL + /api/auth/callback/oidc.',
    secret: true,
  }),
  key({
    name: 'OIDC_NAME',
    schema: z.string().min(1).max(64),
    default: 'your organisation',
    expected: 'a name, up to 64 characters',
    example: 'the lab',
    why: 'What the button on the sign-in page calls the provider.',
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
    name: 'TRUST_PROXY',
    schema: onOff,
    default: 'off',
    expected: 'on or off',
    example: 'on',
    why: 'Whether a proxy on this machine may say, in X-Forwarded-For, whom it speaks for; limits of sign-in are kept per address.',
  }),
  key({
    name: 'ALERT_WEBHOOK_URL',
    schema: z.url({ protocol: /^https?$/ }).max(2_048),
    default: null,
    expected: 'an http(s) address that takes a POST',
    example: 'https://chat.example.org/hooks/morphoscope',
    why: 'Where notifications of alerts are posted; unset means nowhere.',
    secret: true,
  }),
  key({
    name: 'ALERT_WEBHOOK_SECRET',
    schema: z.string().min(16).max(512),
    default: null,
    expected: '16 to 512 characters',
    example: 'a-long-random-text-both-ends-know',
    why: 'Signs what is posted, so that its receiver can tell it from what others send; unset means unsigned.',
    secret: true,
  }),
  key({
    name: 'SMTP_URL',
    schema: z.string().max(2_048).refine(isSmtpUrl),
    default: null,
    expected: 'smtp://user:password@host:port or smtps://...',
    example: 'smtps://morphoscope:password@mail.example.org:465',
    why: 'Mail server for notifications of alerts; unset means no mail.',
    secret: true,
  }),
  key({
    name: 'ALERT_MAIL_TO',
    schema: z.string().max(2_048).transform(toMailAddresses),
    default: null,
    expected: 'one mail address, or several separated by commas',
    example: 'oncall@example.org',
    why: 'Who gets mail about alerts; goes with SMTP_URL.',
  }),
  key({
    name: 'ALERT_MAIL_FROM',
    schema: z.string().regex(MAIL),
    default: 'morphoscope@localhost',
    expected: 'a mail address',
    example: 'morphoscope@example.org',
    why: 'Sender of mail about alerts.',
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
    name: 'MORPHOSCOPE_EMBEDDED_BUS',
    schema: z.enum(['0', '1']).transform((value) => value === '1'),
    default: '0',
    expected: '0 or 1',
    example: '1',
    why: 'Set by the runner: REDIS_URL is the redis-server it started itself, which nobody else reaches.',
  }),
  key({
    name: 'MORPHOSCOPE_TOKEN',
    schema: z.string().min(16).max(512),
    default: null,
    expected: '16 to 512 characters: a service token',
    example: 'a-service-token-made-on-the-access-page',
    why: 'Service token with which the command line speaks to the web server; unset where no sign-in is needed.',
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
  key({
    name: 'MORPHOSCOPE_SIBLINGS',
    schema: z
      .string()
      .regex(/^(web|gateway|trainer)(,(web|gateway|trainer))*$/)
      .transform((text) => text.split(',')),
    default: null,
    expected: 'names of roles, separated by commas',
    example: 'gateway,trainer',
    why: 'Set by the runner: which processes it runs beside this one.',
  }),
])
