import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

const url = (file: string) => JSON.stringify(new URL(`../../../${file}`, import.meta.url).href)
const CHILD = `
import { bindShutdown } from ${url('server/shutdown.ts')}
import { createLogger } from ${url('server/logger.ts')}
import { systemClock } from ${url('lib/primitives/clock.ts')}
const [supervised, stop] = process.argv.slice(1)
bindShutdown({
  stop: () => stop === 'fail' ? Promise.resolve({ ok: false, failures: [{ name: 'bus', error: new Error('planted') }] }) : Promise.resolve({ ok: true, failures: [] }),
  logger: createLogger({ level: 'info', format: 'json' }), clock: systemClock, supervised: supervised === '1' })
setInterval(() => undefined, 1000)
if (stop === 'crash') setTimeout(() => { throw new Error('planted crash') }, 50)
process.stdout.write('up')
`

async function run(supervised: '0' | '1', stop: string, act: (child: ReturnType<typeof spawn>) => void) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, supervised, stop])
  let log = ''
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()))
  await once(child.stdout, 'data')
  act(child)
  const [code] = (await once(child, 'exit')) as [number]
  return { code, log }
}

test('ends with 0 when it was asked to, by a signal or by the end of the runner', async () => {
  expect(await run('0', 'ok', (child) => child.kill('SIGTERM'))).toMatchObject({ code: 0 })
  expect(await run('0', 'ok', (child) => child.kill('SIGINT'))).toMatchObject({ code: 0 })
  expect(await run('1', 'ok', (child) => child.stdin?.end())).toMatchObject({ code: 0 })
})

test('the same signal twice in one moment is one', async () => {
  const { code } = await run('0', 'ok', (child) => {
    child.kill('SIGTERM')
    child.kill('SIGINT')
  })
  expect(code).toBe(0)
})

test('a crash is logged with its text and ends with 1; a part that stops badly is named', async () => {
  const crash = await run('0', 'crash', () => undefined)
  expect(crash.code).toBe(1)
  expect(crash.log).toContain('planted crash')
  const failed = await run('0', 'fail', (child) => child.kill('SIGTERM'))
  expect(failed.log).toContain('did not stop cleanly')
})
