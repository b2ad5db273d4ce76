/*
 * alertWorld: a server on a real Redis, a producer that can be told what to send, and people who act on alerts.
 * In: configuration. Out: the server, messages on the bus, alerts checked against the contract.
 * Invariant: nothing but public requests and real entries; a server that is started again finds the same folder.
 * Source: docs/alerts.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import type { AlertDetail, AlertItem } from '../../lib/contracts/alerts.ts'
import type { MessageName } from '../../lib/contracts/envelope.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { AlertList } from '../../lib/contracts/httpAlerts.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createMessageWriter, encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { operatorOf } from './operator.ts'
import { startRedis } from './redisHarness.ts'
import { startTestServer, type TestServer } from './serverHarness.ts'
import { waitUntil } from './waitUntil.ts'

export interface AlertWorld {
  server(): TestServer
  readonly bus: MessageBus
  /** Sends a message of a producer on a layer's event topic. */
  send(type: MessageName, layer: string, body: Readonly<Record<string, unknown>>): Promise<void>
  list(query?: string): Promise<AlertList>
  detail(id: string): Promise<AlertDetail>
  /** Waits for an alert that fits. */
  until(what: string, wanted: (alert: AlertItem) => boolean, query?: string, ms?: number): Promise<AlertItem>
  act(
    who: 'demo-1' | 'demo-2',
    id: string,
    act: string,
    body: object,
  ): ReturnType<ReturnType<typeof operatorOf>['post']>
  as(who: 'demo-1' | 'demo-2'): ReturnType<typeof operatorOf>
  /** Ends the server and starts another on the same folder and Redis. */
  restart(): Promise<void>
  end(): Promise<void>
}

export async function startAlertWorld(env: Record<string, string> = {}): Promise<AlertWorld> {
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-alerts-'))
  const redis = await startRedis({ tcp: true })
  const bus = createRedisBus({ url: redis.url, clock, name: 'producer' })
  await bus.start()
  const writer = createMessageWriter('producer', clock)
  const start = (): Promise<TestServer> => startTestServer({ REDIS_URL: redis.url, DATA_DIR: folder, ...env })
  let server = await start()
  let seq = 0
  const get = async (at: string): Promise<unknown> => (await server.get(at)).body

  const world: AlertWorld = {
    server: () => server,
    bus,
    async send(type, layer, body) {
      const message = writer.compose(type, { layer_id: layer, ...body })
      const entry = { type, enc: 'json', data: encodeJson(message), src: 'producer', epoch: 1, seq: ++seq } as const
      await bus.publish(topicName('eventLayer', layer), entry)
    },
    list: async (query = '') => HTTP_API.alerts.output.parse(await get(`/api/alerts${query}`)),
    detail: async (id) => HTTP_API.alert.output.parse(await get(`/api/alerts/${id}`)),
    async until(what, wanted, query = '?state=all', ms = 20_000) {
      let found: AlertItem | undefined
      await waitUntil(
        what,
        async () => {
          found = (await world.list(query)).alerts.find(wanted)
          return found !== undefined
        },
        ms,
      )
      return found!
    },
    act: (who, id, act, body) => operatorOf(server, who).post(`/api/alerts/${id}/${act}`, body),
    as: (who) => operatorOf(server, who),
    async restart() {
      await server.end()
      server = await start()
    },
    async end() {
      await server.end()
      await bus.stop(1_000)
      await redis.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return world
}
