import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { callerOf, keyOf } from '../_route/callerOf.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.resumeChecklist, ({ handle }) => handle.operators.checklist())
export const POST = defineRoute(HTTP_API.resume, (call) =>
  call.handle.operators.resume(call.body, callerOf(call), keyOf(call)),
)
