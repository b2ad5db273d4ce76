import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { callerOf } from '../_route/callerOf.ts'
import { defineRoute } from '../_route/defineRoute.ts'
import { isForm, stopPage } from '../_route/stopForm.ts'

export const dynamic = 'force-dynamic'

const { body: _json, ...FORM } = HTTP_API.emergencyStop

const byJson = defineRoute(HTTP_API.emergencyStop, (call) => call.handle.operators.stop(call.body, callerOf(call)))
/** The tray works without scripts: a plain form of our own pages is answered with a plain page. */
const byForm = defineRoute(FORM, (call) =>
  stopPage(call.request, (request) => call.handle.operators.stop(request, callerOf(call))),
)

export const GET = defineRoute(HTTP_API.emergencyStops, ({ handle }) => handle.operators.stops())
export const POST: typeof byJson = (request, context) => (isForm(request) ? byForm : byJson)(request, context)
