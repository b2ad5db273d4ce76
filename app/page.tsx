import { LivePage } from '../components/LivePage.tsx'

/** Rendered per request: the content security policy gives each page its own nonce. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <LivePage />
}
