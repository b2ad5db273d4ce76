import type { Metadata } from 'next'
import { LatencyPage } from '../../components/latency/LatencyPage.tsx'
import '../styles/latency.css'

export const metadata: Metadata = { title: 'Latency · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <LatencyPage />
}
