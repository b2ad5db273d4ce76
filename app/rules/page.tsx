import '../styles/alerts.css'
import type { Metadata } from 'next'
import { RulesPage } from '../../components/rules/RulesPage.tsx'

export const metadata: Metadata = { title: 'Rules · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <RulesPage />
}
