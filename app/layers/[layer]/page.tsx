import '../../styles/layers.css'
import type { Metadata } from 'next'
import { LayerPage } from '../../../components/layer/LayerPage.tsx'

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

interface Props {
  readonly params: Promise<{ readonly layer: string }>
}

/** Names the layer as its address does; an escape that is none is shown as it came. */
function nameOf(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `${nameOf((await params).layer)} · Morphoscope` }
}

export default async function Page({ params }: Props) {
  return <LayerPage layerId={nameOf((await params).layer)} />
}
