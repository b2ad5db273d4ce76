import type { Metadata } from 'next'
import { LoginPage } from '../../components/access/LoginPage.tsx'
import '../styles/access.css'

export const metadata: Metadata = { title: 'Sign in · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <LoginPage />
}
