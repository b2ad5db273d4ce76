/*
 * mailer: a notification as an e-mail over SMTP.
 * In: the address of the mail server, sender, recipients, a letter. Out: a mail; it rejects unless the server took it.
 * Invariant: plain text only; what a producer wrote stands in the text and never in a header.
 * Source: docs/alerts.md "e-mail".
 */
import { createTransport } from 'nodemailer'
import type { Letter } from './delivery.ts'

const TIMEOUT_MS = 15_000

export interface MailerOptions {
  /** smtp:// or smtps://, with user and password where the server wants them. */
  readonly url: string
  readonly from: string
  readonly to: readonly string[]
}

const line = (name: string, value: unknown): string =>
  `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`

/** The text of a mail: what it says, then its fields. */
export function mailText({ subject, body }: Pick<Letter, 'subject' | 'body'>): string {
  const fields = Object.entries(body).flatMap(([name, value]) =>
    value === null || value === '' || typeof value === 'object' ? [] : [line(name, value)],
  )
  return `${subject}\n\n${fields.join('\n')}\n`
}

/** Creates the sender. */
export function createMailer({ url, from, to }: MailerOptions): (letter: Letter) => Promise<void> {
  const transport = createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return async (letter) => {
    await transport.sendMail({
      from,
      to: letter.to === '' ? [...to] : [letter.to],
      subject: letter.subject.replaceAll(/\s+/g, ' ').slice(0, 200),
      text: mailText(letter),
      headers: { 'X-Morphoscope-Delivery': letter.id },
    })
  }
}
