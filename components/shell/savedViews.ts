/*
 * Saved views: addresses of this product that this browser's operator gave a name.
 * In: a storage, a name, an address. Out: the list, newest first; refusals in words.
 * Invariant: only paths of this server are kept, never another site's; one name is one view; at most 50; damage is an empty list.
 * Source: docs/ux.md "saved views"; features H7, H15.
 */
export interface SavedView {
  readonly name: string
  /** Path with query and fragment. */
  readonly href: string
}

const STORE_KEY = 'morphoscope.views'
const MAX_VIEWS = 50
const MAX_NAME = 60

type Store = Pick<Storage, 'getItem' | 'setItem'>

const isOurs = (href: string): boolean => /^\/(?![/\\])/.test(href) && href.length <= 4_096

function isView(value: unknown): value is SavedView {
  if (typeof value !== 'object' || value === null) return false
  const { name, href } = value as Partial<SavedView>
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME && typeof href === 'string' && isOurs(href)
}

/** Reads the list; never throws. */
export function readViews(store: Store): readonly SavedView[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(STORE_KEY) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isView).slice(0, MAX_VIEWS) : []
  } catch {
    return []
  }
}

/** Keeps a view; a view of the same name is replaced. Answers a refusal in words, and keeps nothing then. */
export function saveView(store: Store, view: SavedView): string | null {
  const name = view.name.trim()
  if (name === '') return 'A view needs a name.'
  if (name.length > MAX_NAME) return `A name has at most ${MAX_NAME} characters.`
  if (!isOurs(view.href)) return 'Only addresses of this server can be kept.'
  const others = readViews(store).filter((other) => other.name !== name)
  if (others.length >= MAX_VIEWS) return `${MAX_VIEWS} views are kept already: delete one first.`
  return write(store, [{ name, href: view.href }, ...others])
}

/** Forgets a view; unknown names change nothing. */
export function deleteView(store: Store, name: string): string | null {
  return write(
    store,
    readViews(store).filter((view) => view.name !== name),
  )
}

function write(store: Store, views: readonly SavedView[]): string | null {
  try {
    store.setItem(STORE_KEY, JSON.stringify(views))
    return null
  } catch {
    return 'This browser keeps nothing for this page, so the view can not be kept.'
  }
}
