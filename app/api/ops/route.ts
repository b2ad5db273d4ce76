import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { callerOf } from '../_route/callerOf.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.opsStatus, (call) => call.handle.operators.status(callerOf(call)))
