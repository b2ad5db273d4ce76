import { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import { defineRoute } from '../_route/defineRoute.ts'
import { openApiDocument } from '../_route/openApiDocument.ts'

export const dynamic = 'force-dynamic'

export const GET = defineRoute(HTTP_API.openApi, () => openApiDocument())
