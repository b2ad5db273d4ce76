/*
 * subscriptionRules: the parts of a subscription that mean the same on every driver.
 * In: the caller's options. Out: checked options, retry delays, the error a consumer's failure becomes.
 * Invariant: callbacks of the subscriber never throw into the driver.
 * Source: docs/bus.md "subscribing".
 */
import { AppError, isAppError } from '../contracts/appError.ts'
import { reasonOf } from './deadLetter.ts'
import type { BusState, Delivery, SubscribeOptions, TrimGap } from './messageBus.ts'

/** How often a shared entry is tried before it becomes a dead letter. */
export const DEFAULT_MAX_DELIVERIES = 5
const GROUP_NAME = /^[A-Za-z0-9_:.-]{1,128}$/

/** Refuses options that can not work. @throws CONTRACT_INVALID, BUS_ABORTED */
export function assertSubscribeOptions(options: SubscribeOptions): void {
  if (options.signal?.aborted) throw aborted('subscribe')
  const bad = (path: string, expected: string): AppError =>
    new AppError('CONTRACT_INVALID', `subscribe option ${path}: expected ${expected}`, { path })
  if (options.mode === 'shared' && !GROUP_NAME.test(options.group ?? '')) {
    throw bad('group', 'the name of a role in shared mode')
  }
  if (options.member !== undefined && !GROUP_NAME.test(options.member)) throw bad('member', '1 to 128 characters')
  const max = options.maxInFlight ?? 1
  if (!Number.isInteger(max) || max < 1 || max > 100_000) throw bad('maxInFlight', 'a whole number from 1 to 100,000')
  for (const from of [options.from ?? 'latest', ...Object.values(options.cursors ?? {})]) {
    if (from !== 'latest' && from !== 'earliest' && !isCursor(from))
      throw bad('from', '`latest`, `earliest` or a cursor')
  }
}

/** Says whether text has the shape `<ms>-<n>` every driver of this product uses. */
export function isCursor(text: string): boolean {
  return /^\d{1,15}-\d{1,15}$/.test(text)
}

/** Delay before the next try of a failed entry: 20, 40, 80, ... at most 1,000 ms. Neighbours go on meanwhile. */
export function retryDelayMs(deliveryCount: number): number {
  return Math.min(1_000, 20 * 2 ** Math.min(10, Math.max(0, deliveryCount - 1)))
}

export const aborted = (what: string): AppError => new AppError('BUS_ABORTED', `${what} was aborted by the caller`)
export const stopped = (what: string): AppError => new AppError('BUS_STOPPED', `${what}: the bus is stopped`)

/** Refuses work on a bus that is not running. @throws BUS_STOPPED, BUS_UNAVAILABLE */
export function assertRunning(state: BusState | 'created', what: string): void {
  if (state === 'stopped') throw stopped(what)
  if (state === 'created') throw new AppError('BUS_UNAVAILABLE', `${what}: the bus was not started`)
}

/** The catalogue error of a failed consumer call. */
export function toConsumerError(error: unknown, delivery: Delivery): AppError {
  if (isAppError(error)) return error
  return new AppError(
    'BUS_CONSUMER',
    `consumer failed on ${delivery.topic} ${delivery.cursor}: ${reasonOf(error)}`,
    { topic: delivery.topic, cursor: delivery.cursor },
    error,
  )
}

/** Calls a subscriber's callback; what it throws is its own affair. */
export function tell<T extends unknown[]>(callback: ((...args: T) => void) | undefined, ...args: T): void {
  try {
    callback?.(...args)
  } catch {
    // A callback that reports failures must not become one.
  }
}

/** Same for the three callbacks of the options. */
export interface Callbacks {
  gap(gap: TrimGap): void
  topic(topic: string): void
  error(error: AppError, delivery: Delivery | null): void
}

/** Wraps the callbacks of a subscription: what one of them throws goes to nobody and stops nothing. */
export function callbacksOf(options: SubscribeOptions): Callbacks {
  return {
    gap: (gap) => tell(options.onGap, gap),
    topic: (topic) => tell(options.onTopic, topic),
    error: (error, delivery) => tell(options.onError, error, delivery),
  }
}
