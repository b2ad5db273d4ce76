/* alertMoment: the moment and place an alert is about, for keys that ask what changed before it. */
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { momentData, type AskedPlace } from '../causes/askedPlace.ts'

/** The place "What changed?" asks about: the moment it was raised. */
export function placeOfAlert(alert: AlertItem): AskedPlace {
  return {
    atMs: Date.parse(alert.raised_at),
    layerId: alert.layer_id,
    seedId: alert.layer_id === null ? null : alert.seed_id,
    runId: alert.run_id,
  }
}

/** The same as attributes of the element that shows the alert. */
export const alertMoment = (alert: AlertItem): Readonly<Record<string, string>> => momentData(placeOfAlert(alert))
