import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { answerWithCookies, defineRoute } from '../../_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

export const POST = defineRoute(HTTP_API.startOidc, async ({ handle }) => {
  const { url, cookies } = await handle.startOidc()
  return answerWithCookies({ view: { url }, cookies })
})
