import '../styles/alerts.css'
import type { Metadata } from 'next'
import { AlertsPage } from '../../components/alerts/AlertsPage.tsx'

export const metadata: Metadata = { title: 'Alerts · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <AlertsPage />
}
