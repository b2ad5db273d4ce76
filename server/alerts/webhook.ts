/*
 * webhook: a notification as a signed HTTP POST.
 * In: an address, a secret, a letter. Out: a request; it rejects unless the answer is a success.
 * Invariant: signed over time and body, so that neither can be changed nor an old one sent again; no redirect is followed; the answer is
 * not read.
 * Source: docs/alerts.md "webhook".
 */
import { createHmac } from 'node:crypto'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Letter } from './delivery.ts'

const TIMEOUT_MS = 10_000

/** The text of the header: HMAC-SHA256 over `time.body`, hexadecimal. */
export function signWebhook(secret: string, timeS: number, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timeS}.${body}`).digest('hex')}`
}

export interface WebhookOptions {
  readonly url: string
  readonly secret: string | null
  readonly clock: Clock
}

/** Creates the sender. */
export function createWebhook({ url, secret, clock }: WebhookOptions): (letter: Letter) => Promise<void> {
  return async ({ id, body, to }) => {
    const timeS = Math.floor(clock.wallMs() / 1_000)
    const text = JSON.stringify(body)
    const response = await fetch(to === '' ? url : to, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'morphoscope',
        'x-morphoscope-delivery': id,
        'x-morphoscope-time': String(timeS),
        ...(secret === null ? {} : { 'x-morphoscope-signature': signWebhook(secret, timeS, text) }),
      },
      body: text,
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`status ${response.status}`)
  }
}
