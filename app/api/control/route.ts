import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { callerOf } from '../_route/callerOf.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const POST = defineRoute(HTTP_API.control, (call) => call.handle.operators.act(call.body, callerOf(call)))
