/*
 * extraWords: no word of a command line is let go by.
 * In: argument lists. Out: exit codes, and what is said.
 * Invariant: a layer without --layer stops nothing; what was right stays right.
 * Source: docs/cli.md "the stop".
 */
import { expect, test } from 'vitest'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { EXIT } from '../../../../server/cli/cliIo.ts'
import { tellExtraWords } from '../../../../server/cli/extraWords.ts'
import { runCli } from '../../../../server/cli/runCli.ts'
import { parseConfig } from '../../../../server/config.ts'

/** A dry run sends nothing, whatever is understood. */
async function cli(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(args, {
    config: parseConfig({ PORT: '1', DATA_DIR: '/nowhere' }),
    dataDir: '/nowhere',
    clock: systemClock,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    readFile: () => Promise.resolve('{}'),
    onInterrupt: () => undefined,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

test.each([
  [['stop', 'layer_0'], '"layer_0"', '--layer layer_0;'],
  [['stop', 'layer_0', 'layer_1'], '"layer_0", "layer_1"', '--layer layer_0 --layer layer_1;'],
  [['stop', '--layer', 'layer_0', 'layer_1'], '"layer_1"', '--layer layer_1;'],
  [['stop', '--layer', 'layer_0', 'all'], '"all"', '--layer all;'],
  [['stop', 'all', 'layer_0'], '"layer_0"', '--layer layer_0;'],
  [['stop', 'loss is NaN'], '"loss is NaN"', '--reason "loss is NaN"'],
  [['stop', '--reason', 'loss', 'is', 'NaN'], '"is", "NaN"', '--reason "loss is NaN"'],
  [['stop', ''], '""', 'stop without any word stops every layer'],
])('%j is refused with what was meant, and would stop nothing', async (args, word, meant) => {
  const { code, out, err } = await cli(...args, '--dry-run')
  expect(code).toBe(EXIT.usage)
  expect(out).toBe('')
  expect(err).toContain(word)
  expect(err).toContain(meant)
  expect(err).toContain('Nothing was sent')
})

test.each([
  [['stop'], 'Would stop all layers'],
  [['stop', 'all'], 'Would stop all layers'],
  [['stop', '--direct', '--wait', '3', '--reason', 'loss is NaN'], 'Would stop all layers'],
  [['--layer', 'layer_0', 'stop'], 'Would stop layer_0'],
  [['stop', '--layer', 'layer_0', '--layer=layer_1'], 'Would stop layer_0, layer_1'],
])('%j is understood', async (args, said) => {
  const { code, out } = await cli(...args, '--dry-run')
  expect(code).toBe(EXIT.done)
  expect(out).toContain(said)
})

test('help is given with any words', async () => {
  expect((await cli('stop', 'layer_0', '--help')).code).toBe(EXIT.done)
  expect((await cli('help', 'stop')).code).toBe(EXIT.done)
})

test('an unknown command with words is told as unknown', async () => {
  expect((await cli('halt', 'layer_0')).err).toContain('there is no command "halt"')
})

test.each([
  ['status', ['now'], '"now"'],
  ['layers', ['layer_0'], '"layer_0"'],
  ['resume', ['stop-1'], '--stop stop-1'],
  ['command', ['a.json', 'b.json'], '"b.json"'],
  ['alerts', ['open', 'layer_0'], '--layer layer_0'],
  ['topics', ['tail', 'a', 'b'], '"b"'],
])('%s with %j names the word', (name, words, said) => {
  expect(tellExtraWords(name, { words, layers: [], reason: '' })).toContain(said)
})

test.each([
  ['command', ['-']],
  ['alerts', ['open']],
  ['ack', ['a', 'b', 'c|d']],
  ['topics', ['tail', 'kasmina.#']],
])('%s with %j is read', (name, words) => {
  expect(tellExtraWords(name, { words, layers: [], reason: '' })).toBeNull()
})
