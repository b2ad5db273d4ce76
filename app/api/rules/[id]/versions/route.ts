import { HTTP_API } from '../../../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.ruleVersions, ({ handle, params }) => handle.ruleVersions(params.id))
