import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { defineRoute } from '../api/_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.metrics, async ({ handle }) => {
  const metrics = await handle.metrics()
  return new Response(metrics.body, { headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' } })
})
