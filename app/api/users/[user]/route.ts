import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const PUT = defineRoute(HTTP_API.changeUser, ({ handle, params, body, caller }) =>
  handle.changeUser(params.user, body, caller),
)
export const DELETE = defineRoute(HTTP_API.removeUser, ({ handle, params, caller }) =>
  handle.removeUser(params.user, caller),
)
