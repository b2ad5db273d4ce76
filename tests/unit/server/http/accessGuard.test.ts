import { expect, test } from 'vitest'
import { createAccessGuard } from '../../../../server/http/accessGuard.ts'

const guard = createAccessGuard(3000, ['https://ops.example'])
const host = 'localhost:3000'
const code = (verdict: ReturnType<typeof guard.request>) => (verdict.ok ? 'ok' : verdict.code)

test('compares hosts exactly, whatever their case', () => {
  for (const name of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'OPS.example', 'ops.example:443'])
    expect([name, code(guard.request('GET', { host: name }))]).toEqual([name, 'ok'])
  for (const name of [
    'localhost',
    'localhost:3001',
    'evil.example',
    'localhost:3000.evil.example',
    '',
    'ops.example:80',
  ])
    expect([name, code(guard.request('GET', { host: name }))]).toEqual([name, 'GUARD_HOST'])
  expect(code(guard.request('GET', {}))).toBe('GUARD_HOST')
})

test('a request that changes something needs our origin, a bearer token, or at least not to be a browser of elsewhere', () => {
  const post = (headers: Record<string, string>) => code(guard.request('POST', { host, ...headers }))
  expect(post({ origin: 'http://localhost:3000' })).toBe('ok')
  expect(post({ authorization: 'Bearer x' })).toBe('ok')
  expect(post({ 'sec-fetch-site': 'same-origin' })).toBe('ok')
  expect(post({})).toBe('GUARD_ORIGIN')
  expect(post({ origin: 'null' })).toBe('GUARD_ORIGIN')
  expect(post({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe('GUARD_ORIGIN')
})

test('sockets need an origin of ours; a browser may say same-origin instead', () => {
  const socket = (headers: Record<string, string>) => code(guard.socket({ host, ...headers }))
  expect(socket({ origin: 'http://127.0.0.1:3000' })).toBe('ok')
  expect(socket({ origin: 'https://ops.example' })).toBe('ok')
  expect(socket({ 'sec-fetch-site': 'same-origin' })).toBe('ok')
  for (const headers of [{}, { origin: 'null' }, { origin: 'http://localhost:3001' }, { 'sec-fetch-site': 'none' }])
    expect(socket(headers as Record<string, string>)).toBe('GUARD_ORIGIN')
})
