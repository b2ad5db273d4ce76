/*
 * Page turns: the turns of this page; whoever renders because something arrived takes one.
 * In: the page's clock. Out: one queue for the whole page.
 * Invariant: there is one per page.
 * Source: docs/performance.md "live page".
 */
import { systemClock } from '../../lib/primitives/clock.ts'
import { createTurns } from './ownFrame.ts'

export const pageTurns = createTurns(systemClock)
