import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { answerWithCookies, defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const PUT = defineRoute(HTTP_API.changePassword, async ({ handle, body, caller }) =>
  answerWithCookies(await handle.changePassword(body, caller)),
)
