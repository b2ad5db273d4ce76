/*
 * Addresses of the pages that threads, changes and lives lead to, the same for the server's answers and the pages' own links.
 * In: ids. Out: paths, escaped once.
 * Invariant: a link never leaves this server; an id of any printable text makes one path segment.
 * Source: docs/ux.md "causal thread"; features H7.
 */
const part = encodeURIComponent

export const THREAD_LINKS = Object.freeze({
  bus: '/bus',
  thread: (id: string): string => `/threads/${part(id)}`,
  command: (id: string): string => `/commands#${part(id)}`,
  run: (runId: string): string => `/run?run=${part(runId)}`,
  alert: (id: string): string => `/alerts#${part(id)}`,
  life: (layerId: string, seedId: number, generation: number): string =>
    `/layers/${part(layerId)}/seeds/${seedId}/lives/${generation}`,
})

/** A link to where a command is composed, with the thread it goes on in. */
export function withThread(href: string, thread: string): string {
  return `${href}${href.includes('?') ? '&' : '?'}thread=${part(thread)}`
}

/** The thread an address names; null when it names none that may stand in a message. */
export function threadOf(search: string): string | null {
  const thread = new URLSearchParams(search).get('thread')
  // eslint-disable-next-line no-control-regex -- exactly these can not stand in an id
  return thread !== null && /^[^\u0000-\u001f\u007f-\u009f]{1,128}$/.test(thread) ? thread : null
}
