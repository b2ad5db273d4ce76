import { HTTP_API } from '../../../../../lib/contracts/httpApi.ts'
import { defineRoute, sendBytes } from '../../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.layerGrid, async ({ handle, params, query }) =>
  sendBytes(await handle.layerGrid(params.layer, query)),
)
