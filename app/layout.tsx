/*
 * The document: styles, viewport, theme, the frame around every page, and beside it the emergency stop.
 * In: a page, the theme's cookie. Out: the html element.
 * Invariant: the theme comes with the first byte: nothing flashes, and no inline script is needed.
 *   The stop is no part of the frame's React tree: a plain form, taken over by a script of its own.
 * Source: docs/adr/0002-next-seam.md; docs/ux.md "emergency stop"; features H3.
 */
import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { AppShell } from '../components/shell/AppShell.tsx'
import { parseTheme, THEME_COOKIE } from '../components/shell/theme.ts'
import './tokens.css'
import './globals.css'
import './styles/frame.css'
import './styles/panels.css'
import './styles/heatmap.css'
import './styles/records.css'
import './styles/conductor.css'
import './styles/drawers.css'
import './styles/dialogs.css'
import './styles/causes.css'
import './styles/ops.css'
import './styles/narrow.css'
import './styles/stop.css'

export const metadata: Metadata = {
  title: 'Morphoscope',
  description: 'Every seed of a network that is training, live.',
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: dark)', color: '#0B0F14' },
    { media: '(prefers-color-scheme: light)', color: '#FFFFFF' },
  ],
}

/** Writes the document; the theme comes with the first byte, so that nothing flashes and no inline script is needed. */
export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const theme = parseTheme((await cookies()).get(THEME_COOKIE)?.value)
  return (
    <html lang="en" {...(theme === 'auto' ? {} : { 'data-theme': theme })} suppressHydrationWarning>
      <body>
        <AppShell>{children}</AppShell>
        <form className="stop-plain" action="/stop">
          <button type="submit">Emergency stop</button>
        </form>
        <script src="/stop.js" defer />
      </body>
    </html>
  )
}
