import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute, streamJson } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.layer, ({ handle, params, query }) =>
  streamJson(handle.layer(params.layer, query.run)),
)
