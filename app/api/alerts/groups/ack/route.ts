import { HTTP_API } from '../../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const POST = defineRoute(HTTP_API.ackAlertGroup, ({ handle, body, subject }) =>
  handle.ackAlertGroup(body, subject),
)
