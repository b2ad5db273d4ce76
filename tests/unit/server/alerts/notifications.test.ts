import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { SHIPPED_BY_ID } from '../../../../lib/alerts/shippedRules.ts'
import { raiseAlarm } from '../../../../lib/alerts/alarm.ts'
import type { Alarm } from '../../../../lib/alerts/alarmTypes.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { createDelivery, type Letter } from '../../../../server/alerts/delivery.ts'
import { createMailer } from '../../../../server/alerts/mailer.ts'
import { createNotifier } from '../../../../server/alerts/notifier.ts'
import { createWebhook, signWebhook } from '../../../../server/alerts/webhook.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { PLACE, POLICY, signalOf } from '../../lib/alerts/alarmWorld.ts'

const letterOf = (id: string, critical = false): Letter => ({ id, critical, subject: id, body: { text: id }, to: '' })

test('what is not taken is tried again with growing patience, then given up and counted; three failures are a broken way', async () => {
  const clock = createManualClock()
  const tries: string[] = []
  const problems: string[] = []
  let works = false
  const way = createDelivery({
    name: 'webhook',
    clock,
    onProblem: (text) => problems.push(text),
    send: ({ id }) => {
      tries.push(id)
      return works ? Promise.resolve() : Promise.reject(new Error('status 500'))
    },
  })
  way.put(letterOf('a'))
  await clock.advance(6_000)
  expect(tries).toEqual(['a', 'a', 'a'])
  expect(way.broken()).toContain('status 500')
  await clock.advance(150_000)
  expect(way.counts()).toMatchObject({ sent: 0, given_up: 1, waiting: 0 })
  works = true
  way.put(letterOf('b'))
  await clock.advance(1)
  expect([way.counts().sent, way.broken()]).toEqual([1, null])
  expect(problems).toHaveLength(2)
})

test('a full queue makes room for what is critical, and counts what it left out', async () => {
  const clock = createManualClock()
  const order: string[] = []
  let release = (): void => undefined
  const way = createDelivery({
    name: 'webhook',
    clock,
    maxWaiting: 2,
    onProblem: () => undefined,
    send: ({ id }) => {
      order.push(id)
      return id === 'first' ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
    },
  })
  for (const id of ['first', 'b', 'c', 'd']) way.put(letterOf(id))
  way.put(letterOf('critical', true))
  release()
  await clock.advance(1)
  expect(order).toEqual(['first', 'critical', 'b'])
  expect(way.counts().dropped).toBe(2)
})

test('a webhook carries a signature over time and body that its receiver can check, and refuses to follow elsewhere', async () => {
  const got: { headers: Record<string, unknown>; body: string }[] = []
  const server = createHttpServer((request, response) => {
    let body = ''
    request.on('data', (part) => (body += String(part)))
    request.on('end', () => {
      got.push({ headers: request.headers, body })
      if (request.url === '/moved') response.writeHead(302, { location: '/hook' })
      else response.writeHead(request.url === '/full' ? 503 : 204)
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secret = 'a-secret-both-ends-know'
  await createWebhook({ url: `${url}/hook`, secret, clock: systemClock })(letterOf('one'))
  const [{ headers, body }] = got as [(typeof got)[number]]
  expect(headers['x-morphoscope-signature']).toBe(signWebhook(secret, Number(headers['x-morphoscope-time']), body))
  expect(signWebhook(secret, Number(headers['x-morphoscope-time']), `${body} `)).not.toBe(
    headers['x-morphoscope-signature'],
  )
  await expect(createWebhook({ url: `${url}/full`, secret, clock: systemClock })(letterOf('two'))).rejects.toThrow(
    'status 503',
  )
  await expect(createWebhook({ url: `${url}/moved`, secret, clock: systemClock })(letterOf('three'))).rejects.toThrow()
  server.close()
})

test('a mail goes to a real SMTP server as plain text, and nothing of a producer gets into its headers', async () => {
  const lines: string[] = []
  const server = createServer((socket) => {
    let data = false
    socket.write('220 test ESMTP\r\n')
    socket.on('data', (chunk) => {
      for (const line of chunk.toString('utf8').split('\r\n')) {
        if (line === '') continue
        lines.push(line)
        if (data) {
          if (line !== '.') continue
          data = false
          socket.write('250 taken\r\n')
        } else if (/^DATA/i.test(line)) {
          data = true
          socket.write('354 go on\r\n')
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const send = createMailer({
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    from: 'morphoscope@example.org',
    to: ['oncall@example.org'],
  })
  await send({
    ...letterOf('m'),
    subject: 'critical: dead\r\nBcc: thief@example.org',
    body: { text: 'a layer is dead', layer_id: 'l1' },
  })
  expect(lines).toContain('RCPT TO:<oncall@example.org>')
  expect(lines.filter((line) => line.startsWith('RCPT'))).toHaveLength(1)
  expect(lines.find((line) => line.startsWith('Subject:'))).toBe('Subject: critical: dead Bcc: thief@example.org')
  expect(lines).toContain('layer_id: l1')
  server.close()
})

test('a storm is told by its first members, every critical one, and one message with the number of the others', async () => {
  const clock = createManualClock()
  const sent: Letter[] = []
  const webhook = createDelivery({
    name: 'w',
    clock,
    onProblem: () => undefined,
    send: (letter) => Promise.resolve(void sent.push(letter)),
  })
  const notifier = createNotifier({
    clock,
    channels: { webhook, email: null },
    ruleOf: (id) => SHIPPED_BY_ID.get(id),
    publicUrl: 'https://morphoscope.example.org',
  })
  const raise = (n: number, severity: Alarm['severity']): void => {
    const place = { ...PLACE, id: `id-${n}`, fingerprint: `f${n}`, seedId: n }
    const { alarm, events } = raiseAlarm(null, place, signalOf(severity), POLICY, clock.wallMs())
    notifier.changed(alarm, events)
  }
  for (let n = 0; n < 300; n++) raise(n, n % 100 === 50 ? 'critical' : 'warning')
  await clock.advance(62_000)
  const alone = sent.filter(({ body }) => body['act'] === 'raised')
  expect(alone.filter(({ critical }) => critical)).toHaveLength(3)
  expect(alone.filter(({ critical }) => !critical)).toHaveLength(5)
  expect(sent.find(({ body }) => body['act'] === 'group')?.body['count']).toBe(292)
  expect(alone[0]?.body['link']).toBe('https://morphoscope.example.org/alerts?alert=id-0')
  notifier.stop()
})
