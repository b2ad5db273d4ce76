import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { defineRoute } from '../api/_route/defineRoute.ts'
import { AppError } from '../../lib/contracts/appError.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.metrics, async ({ handle, request }) => {
  const metrics = await handle.metrics({
    authorization: request.headers.get('authorization'),
    loopback: request.headers.get('x-morphoscope-peer') === 'loopback',
  })
  if (metrics === null) throw new AppError('GUARD_ORIGIN', 'metrics need the bearer token of METRICS_TOKEN')
  return new Response(metrics.body, { headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' } })
})
