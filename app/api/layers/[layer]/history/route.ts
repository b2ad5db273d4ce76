import { HTTP_API } from '../../../../../lib/contracts/httpApi.ts'
import { defineRoute, streamJson } from '../../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.layerHistory, async ({ handle, params, query }) =>
  streamJson(
    await handle.history(params.layer, {
      run: query.run,
      metric: query.metric,
      fromMs: query.from ?? null,
      toMs: query.to ?? null,
      resolutionMs: query.resolution ?? null,
      seed: query.seed,
    }),
  ),
)
