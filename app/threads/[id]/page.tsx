import type { Metadata } from 'next'
import { ThreadPage } from '../../../components/causes/ThreadPage.tsx'
import '../../styles/seed.css'

export const metadata: Metadata = { title: 'Thread · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

/** An escape that is none is shown as it came. */
function nameOf(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export default async function Page({ params }: { readonly params: Promise<{ readonly id: string }> }) {
  const { id } = await params
  return <ThreadPage id={nameOf(id)} />
}
