import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.auditVerify, ({ handle }) => handle.auditVerdict())
export const POST = defineRoute(HTTP_API.verifyAudit, ({ handle, caller }) => handle.verifyAudit(caller))
