/*
 * Hold while leaving: from the click that leads to another page until that page stands, this one says nothing new.
 * In: clicks on links. Out: held turns.
 * Invariant: a render of the page that is left would throw away what was prepared of the next one, which then begins anew; a click that
 * leads nowhere costs a second of the page's words at most, and never a picture: those are drawn elsewhere.
 * Source: docs/performance.md "live page".
 */
import type { Turns } from './ownFrame.ts'

const MOST_MS = 1_000

type Click = Pick<MouseEvent, 'button' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>

/** Tells whether a click on a link to `href` replaces the page at `path` by another of this product. */
export function leaves(click: Click, href: string, here: Pick<Location, 'origin' | 'pathname'>): boolean {
  if (click.button !== 0 || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return false
  const to = new URL(href, here.origin)
  return to.origin === here.origin && to.pathname !== here.pathname
}

/** Watches the clicks of a document; answers how to stop. */
export function holdWhileLeaving(page: Document, turns: Pick<Turns, 'hold'>): () => void {
  const onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null
    if (link !== null && link.target !== '_blank' && leaves(event, link.href, location)) turns.hold(MOST_MS)
  }
  // Before the link itself acts on it.
  page.addEventListener('click', onClick, true)
  return () => page.removeEventListener('click', onClick, true)
}
