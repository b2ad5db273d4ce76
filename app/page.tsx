import type { Metadata } from 'next'
import { LivePage } from '../components/LivePage.tsx'

export const metadata: Metadata = { title: 'Live · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <LivePage />
}
