/*
 * openApiDocument: the HTTP contract as OpenAPI 3.1, generated from the same schemas that validate.
 * In: HTTP_API. Out: a plain document.
 * Invariant: no route is described by hand; it is made once, route by route, with the event loop free between them.
 * Source: docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { HTTP_API, ProblemDocument, type HttpContract } from '../../../lib/contracts/httpApi.ts'

const toSchema = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query') {
  return Object.entries(schema.shape).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: toSchema(value as z.ZodType, 'input'),
  }))
}

function operationOf(name: string, contract: HttpContract) {
  const content =
    contract.output === null
      ? { [contract.contentType]: { schema: { type: 'string' } } }
      : { [contract.contentType]: { schema: toSchema(contract.output, 'output') } }
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return {
    operationId: name,
    summary: contract.summary,
    parameters: [...parametersOf(contract.params, 'path'), ...parametersOf(contract.query, 'query')],
    ...(contract.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: toSchema(contract.body, 'input') } },
          },
        }),
    responses: {
      [contract.status ?? 200]: { description: contract.summary, content },
      ...Object.fromEntries(
        contract.problems.map((status) => [
          status,
          { description: 'Problem', content: name === 'healthReady' ? content : problem },
        ]),
      ),
    },
  }
}

async function build() {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, contract] of Object.entries(HTTP_API) as [string, HttpContract][]) {
    paths[contract.path] = { ...paths[contract.path], [contract.method.toLowerCase()]: operationOf(name, contract) }
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Morphoscope', version: '0.1.0', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { schemas: { Problem: toSchema(ProblemDocument, 'output') } },
  }
}

let made: ReturnType<typeof build> | null = null

/** The document; the contract does not change while the server runs. */
export function openApiDocument(): ReturnType<typeof build> {
  return (made ??= build())
}
