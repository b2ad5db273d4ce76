/*
 * AlertBell: what is still to be done about an alert, as a shape: filled, dashed ring, ring, hollow, clock, lock, slashed, check.
 * In: a shape. Out: an svg that screen readers pass over; words are beside it.
 * Invariant: each shape can be told from the others without colour, and at 14 px.
 * Source: docs/ux.md "pages: alerts", "visual tokens".
 */
import type { BellShape } from './alertWords.ts'

const BELL = 'M8 1.8a4 4 0 0 0-4 4v3L2.6 11.4h10.8L12 8.8v-3a4 4 0 0 0-4-4ZM6.6 13.2a1.5 1.5 0 0 0 2.8 0'

export function AlertBell({ shape, size = 16 }: { readonly shape: BellShape; readonly size?: number }) {
  return (
    <svg
      className={`icon bell bell-${shape}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shape === 'filled' && <path d={BELL} fill="currentColor" />}
      {shape === 'hollow' && <path d={BELL} />}
      {shape === 'slashed' && <path d={`${BELL}M2 2l12 12`} />}
      {shape === 'dashed' && <circle cx="8" cy="8" r="5.6" strokeDasharray="2.6 2.4" />}
      {shape === 'ring' && (
        <>
          <circle cx="8" cy="8" r="5.6" />
          <circle cx="8" cy="8" r="1.6" fill="currentColor" stroke="none" />
        </>
      )}
      {shape === 'clock' && <path d="M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M8 4.8V8l2.2 1.4" />}
      {shape === 'lock' && <path d="M3.5 7.2h9v6.6h-9ZM5.4 7.2V5a2.6 2.6 0 0 1 5.2 0v2.2M8 9.8v1.6" />}
      {shape === 'check' && <path d="m3 8.6 3.2 3.2L13 4.8" />}
    </svg>
  )
}
