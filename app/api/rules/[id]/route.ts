import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

const ifMatch = (request: Request): string | null => request.headers.get('if-match')

export const GET = defineRoute(HTTP_API.rule, ({ handle, params }) => handle.rule(params.id))
export const PUT = defineRoute(HTTP_API.changeRule, ({ handle, params, body, request, subject }) =>
  handle.changeRule(params.id, body, ifMatch(request), subject),
)
export const DELETE = defineRoute(HTTP_API.deleteRule, ({ handle, params, query, request, subject }) =>
  handle.deleteRule(params.id, query.version, ifMatch(request), subject),
)
