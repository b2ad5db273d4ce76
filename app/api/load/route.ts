import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.load, ({ handle }) => handle.load())
export const POST = defineRoute(HTTP_API.startLoad, ({ handle, body }) => handle.startLoad(body))
export const DELETE = defineRoute(HTTP_API.stopLoad, ({ handle }) => handle.stopLoad())
