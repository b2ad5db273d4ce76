import '../styles/layers.css'
import '../styles/run.css'
import type { Metadata } from 'next'
import { RunPage } from '../../components/run/RunPage.tsx'

export const metadata: Metadata = { title: 'Run · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <RunPage />
}
