import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { LifePage } from '../../../../../../../components/life/LifePage.tsx'
import '../../../../../../styles/seed.css'

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

interface Props {
  readonly params: Promise<{ readonly layer: string; readonly seed: string; readonly generation: string }>
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
  const { layer, seed, generation } = await params
  return { title: `${nameOf(layer)} seed ${seed}, life ${generation} · Morphoscope` }
}

const isNumber = (text: string, digits: number): boolean => /^(0|[1-9]\d*)$/.test(text) && text.length <= digits

export default async function Page({ params }: Props) {
  const { layer, seed, generation } = await params
  if (!isNumber(seed, 8) || !isNumber(generation, 9)) notFound()
  return <LifePage layerId={nameOf(layer)} seedId={Number(seed)} generation={Number(generation)} />
}
