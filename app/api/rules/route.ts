import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.rules, ({ handle }) => handle.rules())
export const POST = defineRoute(HTTP_API.createRule, ({ handle, body, subject }) => handle.createRule(body, subject))
