import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.tokens, ({ handle }) => handle.tokens())
export const POST = defineRoute(HTTP_API.createToken, ({ handle, body, caller }) => handle.createToken(body, caller))
