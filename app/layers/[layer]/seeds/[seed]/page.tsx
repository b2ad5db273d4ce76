import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { SeedPage } from '../../../../../components/seed/SeedPage.tsx'
import '../../../../styles/seed.css'

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

interface Props {
  readonly params: Promise<{ readonly layer: string; readonly seed: string }>
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
  const { layer, seed } = await params
  return { title: `${nameOf(layer)} seed ${seed} · Morphoscope` }
}

export default async function Page({ params }: Props) {
  const { layer, seed } = await params
  if (!/^(0|[1-9]\d{0,7})$/.test(seed)) notFound()
  return <SeedPage layerId={nameOf(layer)} seedId={Number(seed)} />
}
