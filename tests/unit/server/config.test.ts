import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isAppError } from '../../../lib/contracts/appError.ts'
import { busAddress, envExample, parseConfig, unknownKeys, type ConfigProblem } from '../../../server/config.ts'
import { CONFIG_KEYS } from '../../../server/configKeys.ts'

const problemsOf = (source: Record<string, string>): readonly ConfigProblem[] => {
  try {
    parseConfig(source)
  } catch (error) {
    if (isAppError(error, 'CONFIG_INVALID')) return error.context['problems'] as ConfigProblem[]
    throw error
  }
  return []
}

test('starts from nothing: loopback, memory bus, trainer on with seed 2', () => {
  const config = parseConfig({})
  expect(config).toMatchObject({ port: 3000, host: '127.0.0.1', bus: 'memory', role: 'all', auth: 'demo' })
  expect(config.trainer).toEqual({ enabled: true, seed: 2, stepsPerSecond: 150, faultsAllowed: true })
  expect(Object.isFrozen(config) && Object.isFrozen(config.trainer)).toBe(true)
})

test('takes redis as soon as REDIS_URL says where it is, and treats an empty value as unset', () => {
  expect(parseConfig({ REDIS_URL: 'redis://u:secret@10.0.0.1:7000' }).bus).toBe('redis')
  expect(parseConfig({ REDIS_URL: '', PORT: ' ' })).toMatchObject({ bus: 'memory', port: 3000 })
  expect(busAddress(parseConfig({ REDIS_URL: 'redis://u:secret@10.0.0.1:7000' }))).toBe('10.0.0.1:7000')
  expect(parseConfig({ BUS: 'memory', REDIS_URL: 'redis://h' }).redisUrl).toBeNull()
})

test('reports every bad key at once, with what was given and an example, and redacts secrets', () => {
  const problems = problemsOf({
    PORT: '70000',
    HOST: 'not a host',
    BUS: 'carrier-pigeon',
    REDIS_URL: 'http://user:hunter2@x',
    METRICS_TOKEN: 'short-secret',
    PUBLIC_URL: 'ftp://x',
    TRAINER_SEED: '1.5',
  })
  expect(problems.map((problem) => problem.key)).toEqual([
    'PORT',
    'HOST',
    'BUS',
    'REDIS_URL',
    'TRAINER_SEED',
    'PUBLIC_URL',
    'METRICS_TOKEN',
  ])
  expect(JSON.stringify(problems)).not.toMatch(/hunter2|short-secret/)
  expect(problemsOf({ BUS: 'redis' })[0]).toMatchObject({ key: 'REDIS_URL', given: 'nothing' })
})

test('every example of every key is acceptable', () => {
  const oidc = CONFIG_KEYS.filter((entry) => /^OIDC_(ISSUER|CLIENT)/.test(entry.name))
  const beside = { REDIS_URL: 'redis://h', AUTH: 'required' }
  // One needs the other.
  const mail = ['SMTP_URL', 'ALERT_MAIL_TO']
  for (const entry of CONFIG_KEYS.filter((one) => !oidc.includes(one) && !mail.includes(one.name)))
    expect(problemsOf({ ...beside, [entry.name]: entry.example }), entry.name).toEqual([])
  const both = Object.fromEntries(
    CONFIG_KEYS.filter((one) => mail.includes(one.name)).map((one) => [one.name, one.example]),
  )
  expect(parseConfig(both).alerts.mail).toMatchObject({ to: ['oncall@example.org'] })
  for (const name of mail) expect(problemsOf({ [name]: both[name]! })).toMatchObject([{ given: 'nothing' }])
  const all = Object.fromEntries(oidc.map((entry) => [entry.name, entry.example]))
  expect(parseConfig({ ...beside, ...all }).oidc).toMatchObject({ clientId: 'morphoscope', name: 'your organisation' })
})

test('the demo is for loopback and the embedded bus; anything else asks people to sign in', () => {
  const authOf = (source: Record<string, string>) => parseConfig(source).auth
  for (const HOST of ['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]']) expect(authOf({ HOST })).toBe('demo')
  expect(authOf({ REDIS_URL: 'redis://h' })).toBe('required')
  expect(authOf({ REDIS_URL: 'unix:///x.sock', MORPHOSCOPE_EMBEDDED_BUS: '1' })).toBe('demo')
  expect(authOf({ REDIS_URL: 'redis://h', AUTH: 'demo' })).toBe('demo')
  expect(authOf({ HOST: '192.168.0.4' })).toBe('required')
  for (const HOST of ['192.168.0.4', 'example.org', '127.0.0.1.example.org'])
    expect(problemsOf({ HOST, AUTH: 'demo' })).toMatchObject([{ key: 'AUTH' }])
})

test('what is at stake is said, or told from who can reach it', () => {
  const of = (source: Record<string, string>) => parseConfig(source).environment
  expect(of({})).toBe('DEMO')
  expect(of({ AUTH: 'required' })).toBe('STAGING')
  expect(of({ AUTH: 'required', REDIS_URL: 'unix:///x.sock', MORPHOSCOPE_EMBEDDED_BUS: '1' })).toBe('STAGING')
  expect(of({ AUTH: 'required', PUBLIC_URL: 'https://m.example.org' })).toBe('PROD')
  expect(of({ HOST: '192.168.0.4' })).toBe('PROD')
  expect(of({ REDIS_URL: 'redis://h' })).toBe('PROD')
  for (const ENVIRONMENT of ['DEMO', 'STAGING', 'PROD']) {
    expect(of({ ENVIRONMENT })).toBe(ENVIRONMENT)
    expect(of({ ENVIRONMENT, AUTH: 'required', HOST: '192.168.0.4' })).toBe(ENVIRONMENT)
  }
})

test('who listens on every address must say which one people open', () => {
  for (const HOST of ['0.0.0.0', '::', '[::]']) {
    expect(problemsOf({ HOST })).toMatchObject([{ key: 'PUBLIC_URL' }])
    expect(problemsOf({ HOST, PUBLIC_URL: 'https://m.example.org' })).toEqual([])
  }
})

test('a provider needs issuer, id and secret together, and people who sign in', () => {
  expect(problemsOf({ AUTH: 'required', OIDC_CLIENT_ID: 'm' }).map((problem) => problem.key)).toEqual([
    'OIDC_ISSUER',
    'OIDC_CLIENT_SECRET',
  ])
  const all = { OIDC_ISSUER: 'https://id.example.org', OIDC_CLIENT_ID: 'm', OIDC_CLIENT_SECRET: 's' }
  expect(problemsOf(all)).toMatchObject([{ key: 'AUTH' }])
})

test('names keys with our prefix that mean nothing', () => {
  expect(unknownKeys({ TRAINER_SEDE: '1', PATH: '/bin', MORPHOSCOPE_X: '1', TRAINER_SEED: '2' })).toEqual([
    'MORPHOSCOPE_X',
    'TRAINER_SEDE',
  ])
})

test('.env.example is the generated one', () => {
  expect(readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')).toBe(envExample())
})
