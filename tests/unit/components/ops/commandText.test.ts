import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { cliOf, curlOf } from '../../../../components/ops/commandText.ts'
import { CommandDraft } from '../../../../lib/contracts/commandDraft.ts'

const HOSTILE = `it's "quoted" $(touch x) \`id\` \\ ; rm -rf . \n é`
const draft = {
  type: 'LifecycleTransitionCommand' as const,
  layer_id: 'layer_0',
  seed_id: 3,
  target_state: 'GERMINATED' as const,
  reason: HOSTILE,
}
/** What a POSIX shell hands to a program for the words of a line. */
const shellWords = (line: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

test('a shell takes the draft as one word, whatever the reason holds', () => {
  const words = shellWords(cliOf(draft))
  expect(words.slice(0, 3)).toEqual(['npx', 'morphoscope', 'command'])
  expect(JSON.parse(words[3]!)).toEqual(draft)
  expect(words[4]).toBe('--dry-run')
})

test('the curl line asks for a preview, with the token out of the environment', () => {
  const line = curlOf(draft, 'http://127.0.0.1:3000')
  expect(line).toContain('/api/commands/preview')
  expect(line).toContain('$MORPHOSCOPE_TOKEN')
  const words = shellWords(line)
  expect(JSON.parse(words.at(-1)!)).toEqual(draft)
})

test('what is copied is a draft the contract accepts', () => {
  const plain = { ...draft, reason: 'looks dead' }
  expect(CommandDraft.safeParse(JSON.parse(shellWords(cliOf(plain))[3]!)).success).toBe(true)
})
