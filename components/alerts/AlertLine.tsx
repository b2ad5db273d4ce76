'use client'
import Link from 'next/link'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { hrefOf } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { AlertBell } from './AlertBell.tsx'
import { bellShape, forHowLong, placeText, SEVERITY_ICONS, SEVERITY_TONES, stateWords } from './alertWords.ts'

/** One alert as one line that leads to it. */
export function AlertLine({ alert, nowMs }: { readonly alert: AlertItem; readonly nowMs: number }) {
  const page = usePageState()
  return (
    <li>
      <Link
        href={`${hrefOf('/alerts', page)}#${alert.id}`}
        prefetch={false}
        className="alert-link"
        title={stateWords(alert, nowMs)}
      >
        <span className={SEVERITY_TONES[alert.severity]}>
          <Icon name={SEVERITY_ICONS[alert.severity]} size={14} />
          <span className="visually-hidden">{alert.severity}, </span>
        </span>
        <AlertBell shape={bellShape(alert)} size={14} />
        <span className="alert-line">
          <b>{alert.text}</b> <span className="t2">{placeText(alert)}</span>
        </span>
        <span className="t3 num">
          <span className="visually-hidden">{stateWords(alert, nowMs)}, </span>
          {alert.cleared_at === null ? forHowLong(alert, nowMs) : 'cleared'}
        </span>
      </Link>
    </li>
  )
}
