/** Characters of a path that are shown; deeper paths are cut. */
const MAX_PATH_CHARS = 200

/** Joins a path for people and logs: bounded, and no character of a hostile key survives that could forge either. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      String(part)
        .slice(0, MAX_PATH_CHARS)
        .replace(/[^A-Za-z0-9_:-]/g, '?'),
    )
    .join('.')
    .slice(0, MAX_PATH_CHARS)
}
