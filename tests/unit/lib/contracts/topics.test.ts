import { describe, expect, test } from 'vitest'
import { FRAMES_TYPE, MESSAGE_NAMES } from '../../../../lib/contracts/envelope.ts'
import { MESSAGE_TYPES } from '../../../../lib/contracts/messageTypes.ts'
import { parseTopic, TOPIC_FAMILIES, topicName, topicPattern, TOPICS } from '../../../../lib/contracts/topics.ts'

const hasId = (family: (typeof TOPIC_FAMILIES)[number]): boolean => TOPICS[family].pattern.includes('{')

test.each(TOPIC_FAMILIES)('%s: name and parse are inverse', (family) => {
  const topic = topicName(family, hasId(family) ? 'layer_0:x-1' : undefined)
  const parsed = parseTopic(topic)
  expect(parsed?.family).toBe(family)
  expect(Object.values(parsed?.params ?? {})).toEqual(hasId(family) ? ['layer_0:x-1'] : [])
})

test('keeps the published names', () => {
  expect(topicName('telemetryShard', 3)).toBe('kasmina.telemetry.shard.3')
  expect(topicName('telemetryHealth', 'layer_0')).toBe('kasmina.telemetry.layer.layer_0.health')
  expect(topicName('telemetrySeeds', 'layer_0')).toBe('kasmina.telemetry.layer.layer_0.seeds')
  expect(topicName('controlLayer', 'layer_0')).toBe('kasmina.control.layer.layer_0')
  expect(topicName('controlAll')).toBe('kasmina.control.all')
  expect(topicName('ackLayer', 'layer_0')).toBe('kasmina.ack.layer.layer_0')
  expect(topicName('eventLayer', 'layer_0')).toBe('kasmina.event.layer.layer_0')
  expect([topicName('run'), topicName('service'), topicName('dead')]).toEqual([
    'kasmina.run',
    'kasmina.service',
    'kasmina.dead',
  ])
  expect(topicPattern('telemetryHealth')).toBe('kasmina.telemetry.layer.+.health')
})

describe('hostile ids and topics', () => {
  test.each(['', '.', 'a.b', '+', '#', '*', ' ', 'a\n', '__proto__', 'constructor', 'x'.repeat(129), 'é', '\u202e'])(
    'refuses %j',
    (id) => {
      expect(() => topicName('eventLayer', id)).toThrow(expect.objectContaining({ code: 'CONTRACT_TOPIC' }))
      expect(parseTopic(`kasmina.event.layer.${id}`)).toBeNull()
    },
  )
  test('refuses a missing and a surplus id', () => {
    expect(() => topicName('eventLayer')).toThrow(expect.objectContaining({ code: 'CONTRACT_TOPIC' }))
    expect(() => topicName('run', 'x')).toThrow(expect.objectContaining({ code: 'CONTRACT_TOPIC' }))
  })
  test.each(['kasmina', 'kasmina.run.', 'xkasmina.run', 'kasmina.telemetry.layer..health', 'x'.repeat(1_000_000)])(
    'parses %.40j to null',
    (topic) => {
      expect(parseTopic(topic)).toBeNull()
    },
  )
})

test('every message type has a topic, every listed type exists', () => {
  for (const name of MESSAGE_NAMES) expect(MESSAGE_TYPES[name].families.length, name).toBeGreaterThan(0)
  const known: readonly string[] = [...MESSAGE_NAMES, FRAMES_TYPE, 'DeadLetter', 'LeylineEvent']
  for (const family of TOPIC_FAMILIES) for (const type of TOPICS[family].types) expect(known).toContain(type)
})

test('commands, acks, events and runs are lossless; only telemetry, presence, leases and foreign events may be counted', () => {
  const counted = TOPIC_FAMILIES.filter((family) => TOPICS[family].loss === 'counted')
  expect(counted).toEqual(['telemetryShard', 'telemetryHealth', 'telemetrySeeds', 'service', 'lease', 'foreignLeyline'])
  for (const family of TOPIC_FAMILIES)
    if (TOPICS[family].loss === 'lossless') expect(TOPICS[family].retention.kind, family).not.toBe('maxlen')
})
