import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.limits, ({ handle }) => handle.limits())
export const PUT = defineRoute(HTTP_API.setLimits, ({ handle, body, subject, caller }) =>
  // Whoever writes is who they are, whatever the body says.
  handle.setLimits({ ...body, by: subject.name }, caller),
)
