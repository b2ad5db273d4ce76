/*
 * alertAct: the route of one act on an alert; who was second gets the alert as it is with the reason.
 * In: the contract of the act and its name. Out: a Next route handler.
 * Invariant: a lost race is a problem document like every other, with the alert beside it.
 * Source: docs/alerts.md "acts".
 */
import { isAppError, toProblem } from '../../../lib/contracts/appError.ts'
import type { HTTP_API } from '../../../lib/contracts/httpApi.ts'
import type { Handle } from '../../../server/handle.ts'
import { defineRoute } from './defineRoute.ts'

/** Makes the route. */
export function actRoute(contract: typeof HTTP_API.ackAlert, name: Parameters<Handle['actOnAlert']>[0]) {
  return defineRoute(contract, async ({ handle, params, body, subject }) => {
    try {
      return await handle.actOnAlert(name, params.id, body, subject)
    } catch (error) {
      if (!isAppError(error, 'ALERT_CHANGED')) throw error
      const problem = toProblem(error)
      return Response.json(
        { ...problem, alert: error.context['alert'] },
        {
          status: problem.status,
          headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
        },
      )
    }
  })
}
