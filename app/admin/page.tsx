import type { Metadata } from 'next'
import { AdminPage } from '../../components/access/AdminPage.tsx'
import '../styles/access.css'

export const metadata: Metadata = { title: 'Admin · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <AdminPage />
}
