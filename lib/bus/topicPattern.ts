/*
 * topicPattern: what a topic may look like and which topics a subscription means.
 * In: text from callers and from the registry. Out: assertTopic, parseTopicPattern.
 * Invariant: `+` is exactly one segment, a trailing `#` is one or more; nothing else is special, nothing unvalidated becomes a key.
 * Source: seed-design.md 3.2, docs/protocol.md "topics".
 */
import { AppError } from '../contracts/appError.ts'
import { HOSTILE_KEYS } from '../contracts/wireIdText.ts'

/** Longer names would cost memory in every registry and log line; eight segments of full length never occur. */
export const MAX_TOPIC_CHARS = 512
const SEGMENT = /^[A-Za-z0-9_:-]{1,128}$/

const isSegment = (segment: string): boolean => SEGMENT.test(segment) && !HOSTILE_KEYS.has(segment)

/** Says whether text is a topic: dot-separated segments of [A-Za-z0-9_:-]{1,128}, at most 512 characters. */
export function isTopic(text: unknown): boolean {
  return (
    typeof text === 'string' && text.length > 0 && text.length <= MAX_TOPIC_CHARS && text.split('.').every(isSegment)
  )
}

/** Refuses anything that is not a topic. @throws CONTRACT_TOPIC */
export function assertTopic(topic: string): void {
  if (!isTopic(topic)) throw refused(topic, 'segments of A-Z a-z 0-9 _ : - joined by dots')
}

export interface TopicPattern {
  readonly text: string
  /** False when the pattern is one plain topic. */
  readonly wildcard: boolean
  matches(topic: string): boolean
}

/** Parses a subscription's topic, with or without wildcards. @throws CONTRACT_TOPIC */
export function parseTopicPattern(text: string): TopicPattern {
  if (isTopic(text)) return { text, wildcard: false, matches: (topic) => topic === text }
  if (typeof text !== 'string' || text.length === 0 || text.length > MAX_TOPIC_CHARS) {
    throw refused(text, `1 to ${MAX_TOPIC_CHARS} characters`)
  }
  const segments = text.split('.')
  const open = segments.at(-1) === '#'
  if (open) segments.pop()
  for (const segment of segments) {
    if (segment !== '+' && !isSegment(segment)) throw refused(text, '`+` for one segment, `#` only at the end')
  }
  return { text, wildcard: true, matches: (topic) => matchSegments(segments, open, topic) }
}

function matchSegments(pattern: readonly string[], open: boolean, topic: string): boolean {
  const segments = topic.split('.')
  if (open ? segments.length <= pattern.length : segments.length !== pattern.length) return false
  return pattern.every((want, i) => want === '+' || want === segments[i])
}

function refused(topic: unknown, rule: string): AppError {
  const shown = JSON.stringify(String(topic).slice(0, 80))
  return new AppError('CONTRACT_TOPIC', `${shown} is not a topic: expected ${rule}`, { path: 'topic' })
}
