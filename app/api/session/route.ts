import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { answerWithCookies, defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.session, ({ handle, subject }) => handle.session(subject))
export const POST = defineRoute(HTTP_API.signIn, async ({ handle, body, caller }) =>
  answerWithCookies(await handle.signIn(body, caller)),
)
export const DELETE = defineRoute(HTTP_API.signOut, async ({ handle, caller }) =>
  answerWithCookies(await handle.signOut(caller)),
)
