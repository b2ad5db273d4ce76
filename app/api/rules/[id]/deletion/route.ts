import { HTTP_API } from '../../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const POST = defineRoute(HTTP_API.askRuleDeletion, ({ handle, params, body, subject }) =>
  handle.askRuleDeletion(params.id, body, subject),
)
export const DELETE = defineRoute(HTTP_API.withdrawRuleDeletion, ({ handle, params, subject }) =>
  handle.withdrawRuleDeletion(params.id, subject),
)
