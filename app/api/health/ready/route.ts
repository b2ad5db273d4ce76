import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.healthReady, ({ handle }) => {
  const readiness = handle.ready()
  return Response.json(readiness, { status: readiness.ready ? 200 : 503, headers: { 'cache-control': 'no-store' } })
})
