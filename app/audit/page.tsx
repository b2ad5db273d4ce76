import type { Metadata } from 'next'
import { AuditPage } from '../../components/audit/AuditPage.tsx'
import '../styles/layers.css'
import '../styles/audit.css'

export const metadata: Metadata = { title: 'Audit · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <AuditPage />
}
