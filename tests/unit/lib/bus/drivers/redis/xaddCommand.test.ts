import { Command } from 'ioredis'
import { expect, test } from 'vitest'
import { XaddCommand } from '../../../../../../lib/bus/drivers/redis/xaddCommand.ts'

const argumentsOf = (payload: Buffer): (string | Buffer)[] => [
  'kasmina.telemetry.shard.0',
  'MAXLEN',
  '~',
  '1000',
  '*',
  'type',
  'Prüfung',
  'data',
  payload,
  'src',
  'trainer-1',
]
const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i))

test.each([0, 1, 4_095, 4_096, 40_000])(
  'a payload of %i bytes leaves the very bytes the library would write',
  (size) => {
    const payload = Buffer.alloc(size, bytes)
    const written: Buffer[] = []
    const socket = { write: (chunk: string | Buffer) => void written.push(Buffer.from(chunk)) }
    const command = new XaddCommand(argumentsOf(payload))
    const plain = new Command('XADD', argumentsOf(payload), { replyEncoding: 'utf8' })
    socket.write(command.toWritable(socket))
    expect(Buffer.concat(written).equals(Buffer.from(plain.toWritable({})))).toBe(true)
  },
)

test('a large payload is handed over as it is, not copied', () => {
  const payload = Buffer.alloc(16_064, bytes)
  const written: unknown[] = []
  new XaddCommand(argumentsOf(payload)).toWritable({ write: (chunk: unknown) => void written.push(chunk) })
  expect(written[1]).toBe(payload)
})

test('a small payload beside a large one keeps its bytes', () => {
  const pieces = (): (string | Buffer)[] => ['topic', '*', 'key', bytes, 'data', Buffer.alloc(5_000, bytes)]
  const written: Buffer[] = []
  const socket = { write: (chunk: string | Buffer) => void written.push(Buffer.from(chunk)) }
  socket.write(new XaddCommand(pieces()).toWritable(socket))
  const plain = new Command('XADD', pieces(), { replyEncoding: 'utf8' })
  expect(Buffer.concat(written).equals(Buffer.from(plain.toWritable({})))).toBe(true)
})
