import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute, streamFile } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.replayBundle, async ({ handle, query, caller }) =>
  streamFile(await handle.replayBundle(query, caller), 'application/x-tar'),
)
