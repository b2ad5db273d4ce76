import type { Metadata } from 'next'
import { CommandsPage } from '../../components/commands/CommandsPage.tsx'

export const metadata: Metadata = { title: 'Commands · Morphoscope' }

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <CommandsPage />
}
