import '../styles/layers.css'
import type { Metadata } from 'next'
import { LayersPage } from '../../components/layers/LayersPage.tsx'

export const metadata: Metadata = { title: 'Layers · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <LayersPage />
}
