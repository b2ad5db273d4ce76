/* QueryRoot: one cache of records for all pages; nothing is asked while the tab is hidden. */
'use client'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'

export function QueryRoot({ children }: { readonly children: ReactNode }) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            refetchIntervalInBackground: false,
            refetchOnWindowFocus: true,
            // A page polls: the next question is the retry.
            retry: false,
            staleTime: 500,
            gcTime: 60_000,
          },
        },
      }),
  )
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>
}
