/*
 * Action providers: every action of the keymap, the themes, the saved views.
 * In: the palette's context. Out: providers.
 * Invariant: an action here and its key are the same function; what it would change says how it is now.
 * Source: docs/ux.md "command palette"; features H2, H15.
 */
import { PAGES } from '../live/pageLinks.ts'
import { KEY_ACTIONS, type PageAction } from '../shell/keymap.ts'
import type { IconName } from '../ui/Icon.tsx'
import { NOTHING, type PaletteContext, type PaletteEntry, type PaletteProvider } from './paletteEntry.ts'
import { bestOf, scoreOf } from './scoreOf.ts'

const ICONS: Partial<Record<PageAction, IconName>> = {
  help: 'help',
  glossary: 'help',
  metric: 'curve',
  theme: 'auto',
  pause: 'pause',
  'go-live': 'live',
  'copy-link': 'link',
  'save-view': 'link',
  load: 'load',
}
/** Opening the palette from the palette is nothing to offer. */
const LEFT_OUT: ReadonlySet<PageAction> = new Set(['palette', 'search'])
const MORE_WORDS: Partial<Record<PageAction, string>> = {
  load: 'Start load, stop load, load generator, demo',
  'copy-link': 'Share',
  'save-view': 'Share, bookmark',
  help: 'Keyboard, shortcuts, bindings',
  pause: 'Play, resume, freeze',
}

function* actionEntries({ bindings, paused }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const { action, does } of KEY_ACTIONS) {
    if (LEFT_OUT.has(action)) continue
    const page = PAGES.find(({ path }) => action === `go:${path}`)
    const label = action === 'pause' ? (paused ? 'Go on (paused now)' : 'Pause') : does
    yield {
      id: `action:${action}`,
      label,
      icon: page?.icon ?? ICONS[action] ?? 'command',
      keys: bindings.get(action) ?? '',
      score: Math.max(scoreOf(label, query), scoreOf(MORE_WORDS[action] ?? '', query)),
      choose: (hands) => hands.act(action),
    }
  }
}

function* themeEntries(_context: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const [theme, icon] of [
    ['dark', 'moon'],
    ['light', 'sun'],
    ['auto', 'auto'],
  ] as const)
    yield {
      id: `theme:${theme}`,
      label: `Theme: ${theme}`,
      icon,
      score: scoreOf(`Theme: ${theme}`, query),
      choose: (hands) => hands.setTheme(theme),
    }
}

function* viewEntries({ views }: PaletteContext, query: string): Generator<PaletteEntry> {
  for (const { name, href } of views)
    yield {
      id: `view:${name}`,
      label: name,
      hint: href,
      icon: 'link',
      score: scoreOf(name, query),
      choose: (hands) => hands.open(href),
    }
}

function provider(
  id: string,
  title: string,
  kind: PaletteProvider['kind'],
  entries: (context: PaletteContext, query: string) => Iterable<PaletteEntry>,
): PaletteProvider {
  return {
    id,
    title,
    kind,
    search: (query, context, limit) => bestOf(entries(context, query), limit),
    find(wanted, context) {
      for (const entry of entries(context, '')) if (entry.id === wanted) return entry
      return null
    },
  }
}

const themes = provider('theme', 'Theme', 'action', themeEntries)

export const ACTION_PROVIDERS: readonly PaletteProvider[] = Object.freeze([
  provider('view', 'Saved views', 'entity', viewEntries),
  // Unasked, the action "theme" stands for all three.
  { ...themes, search: (query, context, limit) => (query === '' ? NOTHING : themes.search(query, context, limit)) },
  provider('action', 'Actions', 'action', actionEntries),
])
