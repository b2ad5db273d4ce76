import '../styles/latency.css'
import '../styles/timeline.css'
import type { Metadata } from 'next'
import { TimelinePage } from '../../components/timeline/TimelinePage.tsx'

export const metadata: Metadata = { title: 'Timeline · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <TimelinePage />
}
