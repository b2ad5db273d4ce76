/*
 * operator: a person at the HTTP API of a test's server: sends, approves, stops, waits for what becomes of it.
 * In: a running server, which demo operator. Out: answers with their status; records checked against the contract.
 * Invariant: nothing but public requests; every wait has an end that says what it waited for.
 * Source: docs/commands.md.
 */
import { randomUUID } from 'node:crypto'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import type { TestServer } from './serverHarness.ts'
import { waitUntil } from './waitUntil.ts'

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

export function operatorOf(server: Pick<TestServer, 'url'>, name: 'demo-1' | 'demo-2' = 'demo-1') {
  const ask = async (
    method: string,
    at: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await fetch(server.url + at, {
      method,
      headers: {
        origin: server.url,
        cookie: `morphoscope_demo=${name}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
    }
  }
  const get = (at: string) => ask('GET', at)
  const post = (at: string, body?: unknown, headers?: Record<string, string>) => ask('POST', at, body, headers)
  const submit = (draft: object, key: string = randomUUID()) => post('/api/commands', draft, { 'idempotency-key': key })
  const record = async (id: unknown): Promise<CommandRecord> =>
    HTTP_API.command.output.parse((await get(`/api/commands/${String(id)}`)).body)
  const until = async (id: unknown, what: string, wanted: (record: CommandRecord) => boolean, ms = 20_000) => {
    let last = await record(id)
    await waitUntil(
      `${what} (last ${last.state})`,
      async () => {
        last = await record(id)
        return wanted(last)
      },
      ms,
    )
    return last
  }
  return {
    ask,
    get,
    post,
    submit,
    record,
    until,
    final: (id: unknown, ms?: number) => until(id, 'a final outcome', (one) => one.final, ms),
    /** Previews, confirms as asked, sends. */
    async confirm(draft: object, more: object = {}) {
      const preview = HTTP_API.previewCommand.output.parse((await post('/api/commands/preview', draft)).body)
      const { arm_token, count } = preview.confirm
      const confirm = { arm_token, ...(count === null ? {} : { typed_count: count }), ...more }
      return { preview, sent: await submit({ ...draft, confirm }) }
    },
  }
}
