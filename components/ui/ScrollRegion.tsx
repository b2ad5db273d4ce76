import type { ComponentPropsWithRef } from 'react'

type Props = Omit<ComponentPropsWithRef<'section'>, 'aria-label'> & { readonly label: string }

/** Holds content that scrolls; the keyboard can focus it, because not every browser lets arrow keys scroll otherwise. */
export function ScrollRegion({ label, ...rest }: Props) {
  // A focusable scroll container is what WCAG 2.1.1 asks for; the rule knows only widgets.
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
  return <section {...rest} tabIndex={0} aria-label={label} />
}
