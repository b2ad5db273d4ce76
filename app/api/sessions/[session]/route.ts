import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const DELETE = defineRoute(HTTP_API.endSession, ({ handle, params, caller }) =>
  handle.endSession(params.session, caller),
)
