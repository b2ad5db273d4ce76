import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute, sendBytes } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.replayEvents, async ({ handle, query }) =>
  sendBytes(await handle.replayEvents(query), 'application/json'),
)
