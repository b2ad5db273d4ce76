/*
 * commandText: any command form as a line for the terminal or for another program, always as a dry run first.
 * In: a draft. Out: shell lines.
 * Invariant: the text is quoted so that a shell takes it as one word, whatever a reason holds; no secret stands in it.
 * Source: docs/commands.md "from a terminal"; features E22.
 */
import type { Draft } from './opsActions.ts'

/** Quotes for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Writes the line of the command-line tool; without `--dry-run` it sends. */
export function cliOf(draft: Draft): string {
  return `npx morphoscope command ${quoted(JSON.stringify(draft))} --dry-run`
}

/** Writes the preview request for curl; the token comes from the environment. */
export function curlOf(draft: Draft, origin: string): string {
  return [
    `curl -sS ${quoted(`${origin}/api/commands/preview`)}`,
    `-H 'content-type: application/json'`,
    `-H "authorization: Bearer $MORPHOSCOPE_TOKEN"`,
    `-d ${quoted(JSON.stringify(draft))}`,
  ].join(' ')
}
