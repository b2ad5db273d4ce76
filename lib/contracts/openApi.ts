/*
 * openApi: the OpenAPI 3.1 document of the HTTP contract, generated, never written by hand.
 * In: HTTP_API and the product version. Out: plain JSON data.
 * Invariant: what the document says and what the routes check is one and the same schema.
 * Source: docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { HTTP_API, type HttpContract, ProblemDocument } from './httpApi.ts'

type JsonObject = Record<string, unknown>

const toSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonObject => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject
  return rest
}

function parametersOf(contract: HttpContract): JsonObject[] {
  const list = (shape: z.ZodObject, where: 'path' | 'query'): JsonObject[] =>
    Object.entries(shape.shape).map(([name, schema]) => ({
      name,
      in: where,
      required: where === 'path' || !(schema as z.ZodType).safeParse(undefined).success,
      schema: toSchema(schema as z.ZodType, 'input'),
    }))
  return [...list(contract.params, 'path'), ...list(contract.query, 'query')]
}

function answerOf(contract: HttpContract, description: string): JsonObject {
  const schema = contract.output === null ? { type: 'string' } : toSchema(contract.output, 'output')
  return { description, content: { [contract.contentType]: { schema } } }
}

function operationOf(name: string, contract: HttpContract): JsonObject {
  const responses: JsonObject = { [String(contract.status ?? 200)]: answerOf(contract, contract.summary) }
  for (const status of contract.problems)
    responses[String(status)] =
      contract === HTTP_API.healthReady
        ? answerOf(contract, 'Not ready; the causes say why.')
        : { $ref: '#/components/responses/Problem' }
  responses['default'] = { $ref: '#/components/responses/Problem' }
  return {
    operationId: name,
    summary: contract.summary,
    'x-permission': contract.permission,
    parameters: parametersOf(contract),
    ...(contract.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: toSchema(contract.body, 'input') } },
          },
        }),
    responses,
  }
}

/** Builds the OpenAPI document of every route in HTTP_API. */
export function buildOpenApi(productVersion: string): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const [name, contract] of Object.entries(HTTP_API) as [string, HttpContract][])
    paths[contract.path] = {
      ...paths[contract.path],
      [contract.method.toLowerCase()]: operationOf(name, contract),
    }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Morphoscope HTTP API',
      version: productVersion,
      description:
        'View of the running installation; what changes something needs an allowed Origin. Errors are RFC 9457 problem documents with code and id.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Problem: toSchema(ProblemDocument, 'output') },
      responses: {
        Problem: {
          description: 'What happened and what to do now.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}
