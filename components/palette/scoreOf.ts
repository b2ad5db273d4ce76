/* scoreOf: how well a text fits what was typed: whole, beginning, beginning of a word, part, all words, letters in order; 0 is not at all. */

const FITS = { whole: 100, start: 80, wordStart: 60, part: 40, words: 30, letters: 10 } as const
/** Letters in order fit nearly everything that is long. */
const MAX_LETTERS_TEXT = 48

function hasLetters(text: string, query: string): boolean {
  let at = -1
  for (const letter of query) {
    at = text.indexOf(letter, at + 1)
    if (at < 0) return false
  }
  return true
}

/** Scores one text. Never throws. */
export function scoreOf(text: string, query: string): number {
  const [all, wanted] = [text.toLowerCase(), query.trim().toLowerCase()]
  if (wanted === '') return 1
  if (all === wanted) return FITS.whole
  const at = all.indexOf(wanted)
  if (at === 0) return FITS.start
  if (at > 0) {
    const wordStart = new RegExp(`[^a-z0-9]${wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`).test(all)
    return wordStart ? FITS.wordStart : FITS.part
  }
  const words = wanted.split(/\s+/)
  if (words.length > 1 && words.every((word) => all.includes(word))) return FITS.words
  return wanted.length > 1 && all.length <= MAX_LETTERS_TEXT && hasLetters(all, wanted) ? FITS.letters : 0
}

/** Keeps the best `limit` of what fits and says how many fitted; equals keep their order. */
export function bestOf<T extends { readonly score: number }>(
  all: Iterable<T>,
  limit: number,
): { readonly entries: readonly T[]; readonly of: number } {
  const fitting = [...all].filter((entry) => entry.score > 0)
  return { entries: fitting.toSorted((a, b) => b.score - a.score).slice(0, limit), of: fitting.length }
}
