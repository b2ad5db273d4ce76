import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute, sendFile } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.auditExport, async ({ handle, query, caller }) =>
  sendFile(await handle.auditExport(query, caller)),
)
