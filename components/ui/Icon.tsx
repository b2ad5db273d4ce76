/*
 * Icon: line icons of the frame, drawn with the colour of the text around them.
 * In: a name. Out: an svg that screen readers pass over.
 * Invariant: an icon never stands alone: words or a labelled button are beside it.
 * Source: docs/ux.md "visual tokens".
 */
const PATHS = {
  brand: 'M8 1.4a6.6 6.6 0 1 0 6.6 6.6M8 4.6a3.4 3.4 0 1 0 3.4 3.4M8 1.4V8h6.6',
  audit: 'M3.5 1.8h6l3 3v9.4h-9ZM9.5 1.8v3h3M5.6 8.6l1.6 1.6 3-3.2',
  live: 'M1 8.5h3l2-5.5 3.4 10 2.2-4.5H15',
  clock: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M8 4.8V8l2 1.4',
  help: 'M5.6 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8M8 12.4v.6',
  broken: 'M6 4 4 6a3 3 0 0 0 0 4M10 12l2-2a3 3 0 0 0 0-4M2.5 2.5l11 11M9.5 2.5v1.6M13.5 6.5H12M6.5 13.5V12M2.5 9.5H4',
  warning: 'M8 2 15 14H1ZM8 6.4v3.6M8 11.6v.6',
  critical: 'M5.2 1.6h5.6l3.6 3.6v5.6l-3.6 3.6H5.2l-3.6-3.6V5.2ZM8 4.6v4M8 10.6v.8',
  info: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 7.2v4M8 4.6v.7',
  play: 'M5 3.2v9.6l7.6-4.8Z',
  pause: 'M5.4 3.5v9M10.6 3.5v9',
  close: 'm3.5 3.5 9 9m0-9-9 9',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  moon: 'M13.4 9.6A6 6 0 0 1 6.4 2.6a6 6 0 1 0 7 7Z',
  auto: 'M8 1.8a6.2 6.2 0 1 0 0 12.4ZM8 1.8a6.2 6.2 0 0 1 0 12.4',
  bolt: 'M9 1.5 3.5 9H7l-.6 5.5L12 7H8.4Z',
  command: 'm2.5 4 4 4-4 4M8 12.5h6',
  layers: 'M8 1.8 14.5 5 8 8.2 1.5 5ZM1.5 8 8 11.2 14.5 8M1.5 11 8 14.2 14.5 11',
  curve: 'M1.5 1.5v13h13M4 11.5c2.5 0 2.5-7 5-7s2.2 3 4.5 3',
  bus: 'M2 3.5h12M2 8h12M2 12.5h12M5 2v3M10.5 6.5v3M7 11v3',
  search: 'M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6M10.6 10.6 14 14',
  link: 'M6.6 9.4a2.6 2.6 0 0 0 3.7 0l2.6-2.6a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.4 6.6a2.6 2.6 0 0 0-3.7 0L3.1 9.2a2.6 2.6 0 0 0 3.7 3.7l.9-.9',
  seed: 'M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6',
  load: 'M2 12.5a6 6 0 1 1 12 0M8 12.5l3-4.2M4.4 8.4l.8.6',
  latency: 'M1.5 14.5h13M3 12.5v-2M5.5 12.5v-7M8 12.5v-10M10.5 12.5v-5M13 12.5v-2',
  user: 'M8 8.2a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8M2.4 14a5.6 5.6 0 0 1 11.2 0',
  bell: 'M8 1.8a4 4 0 0 0-4 4v3L2.6 11.4h10.8L12 8.8v-3a4 4 0 0 0-4-4ZM6.6 13.2a1.5 1.5 0 0 0 2.8 0',
  rules: 'M2 3.5h6M2 8h6M2 12.5h6M10.5 3.2l1.4 1.4 2.6-2.6M10.5 7.7l1.4 1.4 2.6-2.6M10.5 12.2l1.4 1.4 2.6-2.6',
  timeline: 'M1.5 4h6M10 4h4.5M4 8h8M1.5 12h4M8.5 12h6M9 1.5v13',
  back: 'M11 3.2v9.6L3.4 8Z',
  disk: 'M2.5 2.5h9l2 2v9h-11ZM5 2.5v4h5v-4M5 13.5v-4h6v4',
} as const
export type IconName = keyof typeof PATHS

/** Shows a line icon; always beside words or on a labelled button. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className={`icon icon-${name}`}
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
      <path d={PATHS[name]} />
    </svg>
  )
}
