import { expect, test } from 'vitest'
import { parseRedisTarget } from '../../../../../../lib/bus/drivers/redis/redisTarget.ts'

test('reads TCP, TLS and unix addresses, and never labels a password', () => {
  expect(parseRedisTarget('redis://ann:p%40ss@redis.example:7000/3')).toEqual({
    label: 'redis.example:7000 database 3',
    user: 'ann',
    options: { host: 'redis.example', port: 7000, db: 3, username: 'ann', password: 'p@ss' },
  })
  expect(parseRedisTarget('rediss://127.0.0.1').options).toMatchObject({ port: 6379, tls: {} })
  expect(parseRedisTarget('unix:///run/redis.sock?db=2')).toMatchObject({
    label: '/run/redis.sock database 2',
    options: { path: '/run/redis.sock', db: 2 },
  })
  expect(parseRedisTarget('redis://[::1]:6380').options.host).toBe('::1')
})

test('refuses what is no address, without repeating it', () => {
  for (const bad of ['', 'localhost:6379', 'http://x', 'redis://h/abc', 'unix://', 'redis://:secret@h/x y']) {
    let message = ''
    try {
      parseRedisTarget(bad)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message, bad).toContain('REDIS_URL')
    expect(message).not.toContain('secret')
  }
})
