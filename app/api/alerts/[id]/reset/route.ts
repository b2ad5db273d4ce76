import { HTTP_API } from '../../../../../lib/contracts/httpApi.ts'
import { actRoute } from '../../../_route/alertAct.ts'

export const dynamic = 'force-dynamic'

export const POST = actRoute(HTTP_API.resetAlert, 'reset')
