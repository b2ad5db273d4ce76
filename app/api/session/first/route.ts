import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { answerWithCookies, defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const POST = defineRoute(HTTP_API.firstAdmin, async ({ handle, body, caller }) =>
  answerWithCookies(await handle.firstAdmin(body, caller)),
)
