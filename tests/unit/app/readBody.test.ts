/*
 * readBody: bounds of a JSON body, and what a route answers beyond them.
 * In: requests. Out: values, or problem documents.
 * Invariant: 32 levels are read and 33 are not; the answer to a body that is too large ends the connection.
 * Source: docs/protocol.md "HTTP".
 */
import { expect, test } from 'vitest'
import { problemResponse } from '../../../app/api/_route/defineRoute.ts'
import { readBody } from '../../../app/api/_route/readBody.ts'

const post = (body: BodyInit) =>
  new Request('http://127.0.0.1/api/commands', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    duplex: 'half',
  } as RequestInit)

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

const refusalOf = async (body: BodyInit): Promise<Response> =>
  problemResponse(
    await readBody(post(body)).then(
      () => null,
      (error: unknown) => error,
    ),
  )

/** A body in pieces, and how many were asked for. */
function pieces(count: number, bytes: number) {
  const told = { pulled: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (told.pulled === count) return controller.close()
        told.pulled++
        controller.enqueue(new Uint8Array(bytes).fill(0x20))
      },
      cancel() {
        told.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { told, body }
}

test('32 levels are read', async () => {
  expect(JSON.stringify(await readBody(post(nested(32))))).toBe(nested(32))
  expect(await readBody(post(`{"a":${nested(31)}}`))).toHaveProperty('a')
})

test.each([
  ['arrays', nested(33)],
  ['objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
  ['a free record', `{"parameters":{"a":${nested(5_000)}}}`],
  ['after a text that looks like an end', `{"a":"]]]]\\"]]]]","b":${nested(32)}}`],
  ['never closed', '['.repeat(200_000)],
])('deeper is refused: %s', async (_, body) => {
  const response = await refusalOf(body)
  expect(response.status).toBe(422)
  expect(response.headers.get('connection')).toBeNull()
  expect(await response.json()).toMatchObject({
    code: 'CONTRACT_DEPTH',
    path: 'body',
    detail: expect.stringMatching(/32 levels.*Flatten the payload/),
  })
})

test('brackets in texts, and many side by side, are no depth', async () => {
  const value = { a: `${'['.repeat(99)}"\\${'{'.repeat(99)}`, b: Array.from({ length: 99 }, () => [{}]) }
  expect(await readBody(post(JSON.stringify(value)))).toEqual(value)
})

test('what is no JSON is told so', async () => {
  for (const body of ['{"a":', ']]]]', '"\\', ''])
    expect(await (await refusalOf(body)).json()).toMatchObject({ code: 'CONTRACT_JSON', path: 'body' })
})

test('a little too large is read to its end, and the connection is given up', async () => {
  const { told, body } = pieces(5, 65_536)
  const response = await refusalOf(body)
  expect(response.status).toBe(413)
  expect(response.headers.get('connection')).toBe('close')
  expect(await response.json()).toMatchObject({ code: 'CONTRACT_TOO_LARGE', path: 'body' })
  expect(told).toEqual({ pulled: 5, cancelled: false })
})

test('much too large is not waited for', async () => {
  const { told, body } = pieces(1_000, 65_536)
  const response = await refusalOf(body)
  expect(response.status).toBe(413)
  expect(response.headers.get('connection')).toBe('close')
  expect(told).toEqual({ pulled: 17, cancelled: true })
})
