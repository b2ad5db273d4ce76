/*
 * Theme: auto, dark or light, kept in a cookie so that the server's first HTML already carries it.
 * In: a choice. Out: the attribute on the root element and the cookie.
 * Invariant: no inline script and no flash: auto is plain CSS, the others are an attribute the server has written.
 * Source: features H3; docs/adr/0002-next-seam.md.
 */
export const THEMES = ['auto', 'dark', 'light'] as const
export type Theme = (typeof THEMES)[number]
export const THEME_COOKIE = 'theme'

/** Reads a cookie value; anything unknown is auto. */
export function parseTheme(value: string | undefined): Theme {
  return THEMES.find((theme) => theme === value) ?? 'auto'
}

/** Reads what the page shows now. */
export function currentTheme(): Theme {
  return parseTheme(document.documentElement.dataset['theme'])
}

/** Sets attribute and cookie; kept for a year. */
export function setTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
  // The Cookie Store API is not in every browser we serve.
  // oxlint-disable-next-line unicorn/no-document-cookie
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=31536000; samesite=strict`
}

/** Gives the next theme of the `t` key. */
export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'
}
