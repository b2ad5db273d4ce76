'use client'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'

export function SeedPage({ layerId, seedId }: { readonly layerId: string; readonly seedId: number }) {
  return (
    <PageMain title={`${layerId} seed ${seedId}`}>
      <Panel title="Life" state="empty" message="The life of this seed." />
    </PageMain>
  )
}
