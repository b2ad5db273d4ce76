import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { callerOf, keyOf } from '../_route/callerOf.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.commands, ({ handle, query }) => handle.operators.list(query))
export const POST = defineRoute(HTTP_API.submitCommand, (call) =>
  call.handle.operators.submit(call.body, callerOf(call), keyOf(call)),
)
