/* Nav: the pages, in the order an operator goes through them; every link carries the selection. */
'use client'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useEffect, useRef } from 'react'
import { hrefOf, PAGES } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'

export function Nav() {
  const pathname = usePathname()
  const state = usePageState()
  const nav = useRef<HTMLElement>(null)
  // On a phone the pages are passed by: the one that is shown must be in sight.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [pathname])
  return (
    <nav ref={nav} className="nav" aria-label="Pages">
      {PAGES.map((page) => {
        const here = page.path === '/' ? pathname === '/' : pathname.startsWith(page.path)
        return (
          <Link
            key={page.path}
            href={hrefOf(page.path, state)}
            prefetch={false}
            {...(here ? { 'aria-current': pathname === page.path ? ('page' as const) : ('true' as const) } : {})}
          >
            <Icon name={page.icon} size={18} />
            {page.label}
          </Link>
        )
      })}
    </nav>
  )
}
