import type { Metadata } from 'next'
import { BusPage } from '../../components/bus/BusPage.tsx'
import '../styles/bus.css'

export const metadata: Metadata = { title: 'Bus · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <BusPage />
}
